"""Where the servers of the tests keep their data: in memory where there is room.

Each test has a database of its own, a copy of 500 files, which costs several times as much on disk. What a killed test
process has left in memory is removed by the next one.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3
"""Bytes that must be free; the whole suite needs less than a quarter of it."""
_PREFIX = "tracker-tests-"


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A private folder until the block ends; on disk where there is no room in memory."""
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    if in_memory:
        _remove_leftovers()
    with tempfile.TemporaryDirectory(
        prefix=f"{_PREFIX}{os.getpid()}-", dir=MEMORY if in_memory else None, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _remove_leftovers() -> None:
    for folder in MEMORY.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if folder.stat().st_uid == os.geteuid() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)
