"""The Python interpreters of this machine, by their minor version: on PATH, and those that pyenv keeps."""

import functools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = 11
NEWEST = 15
"""The last minor version that is looked for on PATH."""

# An interpreter without these makes no environment: Debian has them in a package of their own.
_ASKED = "import ensurepip, sys, venv; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)"


@functools.cache
def interpreters() -> dict[int, str]:
    """Find one interpreter for each minor version; the one that runs the tests stands for its own."""
    listed: dict[int, str] = {}
    for path in _candidates():
        answer = subprocess.run([path, "-I", "-c", _ASKED], capture_output=True, text=True, check=False, timeout=60)
        if answer.returncode == 0 and int(answer.stdout) >= OLDEST:
            listed.setdefault(int(answer.stdout), path)
    return listed


def _candidates() -> Iterator[str]:
    yield sys.executable
    for minor in range(OLDEST, NEWEST + 1):
        if path := shutil.which(f"python3.{minor}"):
            yield path
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False, timeout=60).stdout.strip()
        yield from map(str, sorted(Path(root, "versions").glob("*/bin/python3")) if root else ())
