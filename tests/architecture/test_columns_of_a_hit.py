"""A new column of a hit is told in few places: its migration, and these."""

import re

from tests.support.source_tree import REPOSITORY, name_of

ON_THE_WAY = (
    *(
        "tracker/receiver/*.py",
        "tracker/web/*.py",
        "tracker/privacy/*.py",
        "tracker/queueing/*.py",
        "tracker/ingest/*.py",
    ),
    *("tracker/hit.py", "tracker/hit_values.py", "tracker/dialects/original.py", "tracker/store/access_logs.py"),
    *(f"sql/queries/access_logs/{name}.sql" for name in ("copy", "insert_new", "existing", "find")),
)
"""Where a hit is read, checked, made, queued, written and found again. What shows or exports it names what it shows."""
PLACES = {
    "tracker/hit.py",
    "tracker/hit_values.py",
    "tracker/receiver/common_events.py",
    "sql/queries/access_logs/copy.sql",
    "sql/queries/access_logs/find.sql",
}


def test_a_column_is_named_by_its_migration_and_five_files() -> None:
    naming = {
        name_of(path)
        for pattern in ON_THE_WAY
        for path in REPOSITORY.glob(pattern)
        if re.search(r"\btimezone\b", path.read_text(encoding="utf-8"))
    }
    assert naming == PLACES
