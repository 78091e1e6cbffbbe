"""Where the tests and their servers keep their files: in memory where there is room.

Each test has a database of its own, a copy of 500 files, which costs several times as much on disk, and each file of
facts is forced to the disk, which waits for whatever else is written there. A folder of a server is locked
for as long as its test process lives; what a killed one has left in memory is removed by the next.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3
"""Bytes that must be free; the whole suite needs less than a quarter of it."""
_PREFIX = "tracker-tests-"


def has_room() -> bool:
    """Whether the tests' files can lie in memory."""
    return MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A private folder until the block ends; on disk where there is no room in memory."""
    if has_room():
        remove_leftovers(MEMORY)
        parent = MEMORY
    else:
        parent = Path(tempfile.gettempdir())
    folder, lock = _make(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _make(parent: Path) -> tuple[Path, int]:
    """A new folder and the lock on it; before it is locked somebody may take it for a leftover."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if folder.exists():
                    return folder, lock
            os.close(lock)


def remove_leftovers(parent: Path) -> None:
    """Remove the folders that nobody holds. By a lock, not by a process number: those differ between containers."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
