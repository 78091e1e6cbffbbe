"""The steps of a release, in a clone: what they refuse, what they write, and that nothing half done stays."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.clones import ROOT, clone

WHO = {
    "GIT_AUTHOR_NAME": "Release test",
    "GIT_AUTHOR_EMAIL": "release@example.com",
    "GIT_COMMITTER_NAME": "Release test",
    "GIT_COMMITTER_EMAIL": "release@example.com",
}
OLD = "## 0.1.0 - 2026-01-01\n\n- Old.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone with the script as it is here, one line under Unreleased, and one released version."""
    made = clone(tmp_path / "clone")
    # The project's own releases are none of this test's.
    for tag in git(made, "tag").split():
        git(made, "tag", "--delete", tag)
    (made / "tools").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tools/release.py", made / "tools/release.py")
    (made / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n- One thing.\n\n## 0.1.0 - 2026-01-01\n\n- Old.\n"
    )
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message", "For the test")
    git(made, "tag", "v0.1.0")
    return made


def git(checkout: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=checkout, env={**os.environ, **WHO}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def release(checkout: Path, step: str, version: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/release.py", step, version],
        cwd=checkout,
        env={**os.environ, **WHO},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_has_its_version_its_day_and_its_tag_and_the_next_version_begins(checkout: Path) -> None:
    for step in ("check", "prepare", "finish"):
        done = release(checkout, step, "0.2.0")
        assert (done.returncode, done.stderr) == (0, ""), step
    assert '__version__ = "0.2.0"\n' in git(checkout, "show", "v0.2.0:tracker/__init__.py")
    assert (checkout / "CHANGELOG.md").read_text() == (
        f"# Changelog\n\n## Unreleased\n\n## 0.2.0 - {datetime.now(UTC).date()}\n\n- One thing.\n\n{OLD}"
    )
    assert git(checkout, "cat-file", "-t", "v0.2.0") == "tag"
    assert '__version__ = "0.3.0.dev0"\n' in (checkout / "tracker/__init__.py").read_text()
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "log", "--format=%s", "-2").splitlines() == ["Work on 0.3.0 begins", "Release 0.2.0"]


@pytest.mark.parametrize("version", ["", "0.2", "v0.2.0", "0.2.0rc1", "0.02.0", "0.2.0.1", "0.2.0\n", "\u0660.2.0"])
def test_what_is_no_version_is_refused(checkout: Path, version: str) -> None:
    done = release(checkout, "check", version)
    assert (done.returncode, "make release VERSION=0.2.0" in done.stderr) == (1, True)


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9"])
def test_a_version_is_later_than_all_released_ones(checkout: Path, version: str) -> None:
    done = release(checkout, "prepare", version)
    assert (done.returncode, "0.1.0 is released already" in done.stderr) == (1, True)
    assert git(checkout, "status", "--porcelain") == ""


def test_a_release_is_made_of_what_is_committed_and_told(checkout: Path) -> None:
    (checkout / "new.txt").write_text("not committed")
    assert "new.txt" in release(checkout, "check", "0.2.0").stderr
    (checkout / "new.txt").unlink()
    (checkout / "CHANGELOG.md").write_text(f"# Changelog\n\n## Unreleased\n\n{OLD}")
    git(checkout, "commit", "--quiet", "--all", "--message", "Nothing to tell")
    assert "says nothing under Unreleased" in release(checkout, "check", "0.2.0").stderr
