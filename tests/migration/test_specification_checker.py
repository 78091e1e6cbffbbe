"""The specification's own checker, where it lies beside the project; test_schema.py holds the same from a list."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.needed import need
from tracker.store.migrations import migrate

CHECKER = Path(__file__).parents[3] / "shared" / "checks" / "schema_matches_spec.py"


def test_the_specification_s_checker_finds_nothing_wrong_on_either_version(new_database: str) -> None:
    need(CHECKER.is_file(), "The specification's checker is not beside the project.")
    migrate(new_database, today=datetime.now(UTC).date())
    found = subprocess.run(
        [sys.executable, str(CHECKER), new_database], capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.rstrip().endswith("checked: 0 wrong")
