"""Clones of the project and what pip may use in them: what a stranger has, and nothing of this environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.needed import need

ROOT = Path(__file__).parents[2]


def clone(folder: Path) -> Path:
    """Clone the checkout that the tests run in, as it is committed."""
    need((ROOT / ".git").exists() and shutil.which("git"), "A Git checkout and git are needed to make a clone.")
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)
    return folder


def environment(home: Path) -> dict[str, str]:
    """PATH, a home of its own, and pip's variables and cache, so that nothing is downloaded twice."""
    cache = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=False)
    variables = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    if cache.returncode == 0:
        variables.setdefault("PIP_CACHE_DIR", cache.stdout.strip())
    home.mkdir(exist_ok=True)
    return {**variables, "PATH": os.environ["PATH"], "HOME": str(home)}


def files_in(checkout: Path, *folders: str) -> set[str]:
    """The files that Git knows, all of them or those below `folders`."""
    command = ["git", "ls-files", "-z", "--", *folders]
    listed = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout
    return set(listed.split("\0")) - {""}
