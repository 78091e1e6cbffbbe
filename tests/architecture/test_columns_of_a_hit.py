"""A new column of a hit is told in few places: its migration, and these."""

import re

from tests.support.source_tree import REPOSITORY, name_of

OWN_WORDS = ("tracker/dialects/", "tracker/facts/", "tracker/demo/", "tracker/dashboard/")
"""What brings, reads or shows some columns names those."""
MADE = "sql/schema.sql"
"""By `make schema`, from the migrations."""
BUT_FOR = {
    **dict.fromkeys(("tracker/receiver/hit_form.py", "tracker/importing/json_lines.py"), "its older name, screen_res"),
    **dict.fromkeys(("tracker/store/fact_rows.py", "sql/queries/access_logs/copy_out.sql"), "a dimension of reports"),
}
"""Where this column has more to it than others."""
PLACES = {
    "tracker/hit.py",
    "tracker/hit_values.py",
    "tracker/receiver/common_events.py",
}


def test_a_column_is_named_by_its_migration_and_three_files() -> None:
    """It is read, checked, queued, written, found, compared, exported and archived without being named elsewhere."""
    naming = {
        name_of(path)
        for pattern in ("tracker/**/*.py", "sql/queries/**/*.sql")
        for path in REPOSITORY.glob(pattern)
        if re.search(r"\bscreen_resolution\b", path.read_text(encoding="utf-8"))
        and not name_of(path).startswith(OWN_WORDS)
    }
    assert naming == PLACES | BUT_FOR.keys()
