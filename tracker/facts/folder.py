"""The folder of the copy: whose it is, and how files get into it whole, and go.

A file, and that of its visits beside it, are written under names that no reader looks for, forced to the disk and then
renamed; from then on nobody changes them. Which files count stands in PostgreSQL (`facts_files`), so that a writer that
is killed leaves the old state behind, and files that nobody knows of, which the next writer removes.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from tracker.errors import FactsUnavailable
from tracker.facts.visits import beside

MARK = "access-log-tracker-facts"
"""The file that says whose folder it is."""
HITS = "hits"
"""The folder in it for files with all columns of hits."""
_WORK = "work"
_LOCK = "lock"
_NEW = ".new"
"""What is not locked yet."""
LEFTOVER_SECONDS = 900.0
"""A file that nobody knows of may be about to be committed for so long."""
_MODE = 0o750


@dataclass(frozen=True, slots=True)
class Published:
    """A file that is where readers find it, with that of its visits."""

    name: str
    bytes: int
    """Of both."""
    checksum: str
    """Of the one and the other, one after the other."""


class Folder:
    """One folder, as this process sees it. Nothing is looked at before it is needed."""

    grace_seconds: float = 6.0
    """For so long a file that was replaced may still be read by whoever had begun."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        """Return what it is called in messages."""
        return str(self.path)

    def local(self, name: str) -> Path:
        """Return where a file is to be read; that of its visits is beside it. Raises FactsUnavailable."""
        return self.path / name

    def has(self, name: str, size: int, checksum: str) -> bool:
        """Return whether what is read of a file, and of its visits, is as it was published. Raises FactsUnavailable."""
        return self.holds(name, size, checksum)

    def note_read(self, names: Iterable[str]) -> None:
        """Note that files are about to be read."""

    def demand(self, folder_id: UUID) -> None:
        """Raise FactsUnavailable where this is not the folder of that name."""
        present = self.id()
        if present is None:
            raise FactsUnavailable(
                f"The facts are not in {self.place}: mount the folder that holds them again, or make it anew with "
                "`python -m tracker stats rebuild`."
            )
        if present != folder_id:
            raise FactsUnavailable(
                f"{self.place} holds the facts of another database: set TRACKER_FACTS_URL to a folder of its own."
            )

    def id(self) -> UUID | None:
        """Return the name that the folder was given; None where it holds no facts. Raises FactsUnavailable."""
        try:
            return UUID((self.path / MARK).read_text(encoding="ascii").strip())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise FactsUnavailable(f"{self.path / MARK} cannot be read: {reason_of(error)}.") from error

    def found(self, folder_id: UUID) -> None:
        """Give the folder a name, made where it is not there. Raises FactsUnavailable where it has another one."""
        with writing(self.path):
            self.path.mkdir(_MODE, parents=True, exist_ok=True)
            present = self.id()
            if present == folder_id:
                return
            if present is not None:
                raise belongs_to_another(self.place)
            part = self.path / f"{MARK}.{secrets.token_hex(8)}.new"
            part.write_text(f"{folder_id}\n", encoding="ascii")
            force(part)
            part.rename(self.path / MARK)
            force(self.path)

    def renew(self) -> UUID:
        """Forget what is there and give the folder a new name. Raises FactsUnavailable."""
        with writing(self.path):
            (self.path / MARK).unlink(missing_ok=True)
            for old in (*self.path.glob("application=*"), self.path / HITS):
                shutil.rmtree(old, ignore_errors=not old.exists())
        made = uuid4()
        self.found(made)
        return made

    @contextmanager
    def work(self) -> Iterator[Path]:
        """Make a folder of this writer's own, which goes at the end, however it ends: others remove it after a kill."""
        with writing(self.path):
            work = self.path / _WORK / secrets.token_hex(8)
            new = work.with_suffix(_NEW)
            new.mkdir(_MODE, parents=True)
            lock = os.open(new / _LOCK, os.O_WRONLY | os.O_CREAT, 0o640)
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(work)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
            os.close(lock)

    def publish(self, made: Path, name: str, *, has_visits: bool = True) -> Published:
        """Put a finished file, and that of its visits, where readers look for them, under names never used before."""
        to = self.path / name
        pairs = [(beside(made), beside(to)), (made, to)] if has_visits else [(made, to)]
        with writing(self.path):
            for source, _ in pairs:
                force(source)
            to.parent.mkdir(_MODE, parents=True, exist_ok=True)
            size, checksum = described([source for source, _ in reversed(pairs)])
            for source, target in pairs:
                source.rename(target)
            force(to.parent)
            force(to.parent.parent)
        return Published(name, size, checksum)

    def holds(self, name: str, size: int, checksum: str, *, has_visits: bool = True) -> bool:
        """Return whether a file is there as it was published. Raises FactsUnavailable where it cannot be read."""
        file = self.path / name
        try:
            return described([file, beside(file)] if has_visits else [file]) == (size, checksum)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise FactsUnavailable(f"The facts in {self.path} cannot be read: {reason_of(error)}.") from error

    def remove(self, name: str) -> None:
        """Remove a file, that of its visits, and the folders that are then empty."""
        with writing(self.path):
            file = self.path / name
            file.unlink(missing_ok=True)
            beside(file).unlink(missing_ok=True)
            for folder in (file.parent, file.parent.parent):
                with suppress(OSError):  # Something is in it, or it is gone.
                    folder.rmdir()

    def remove_leftovers(self, known: Callable[[list[str]], set[str]]) -> int:
        """Remove what killed writers have left behind; how much. `known` tells which of some names count."""
        removed = self.remove_abandoned_work()
        with writing(self.path):
            before = time.time() - LEFTOVER_SECONDS
            for day in (*self.path.glob("application=*/date=*"), *self.path.glob(f"{HITS}/application=*/date=*")):
                old = [file for file in day.iterdir() if file.stat().st_mtime < before]
                names = list({str(file.with_suffix(".parquet").relative_to(self.path)) for file in old})
                for name in set(names) - (known(names) if names else set()):
                    self.remove(name)
                    removed += 1
        return removed

    def remove_abandoned_work(self) -> int:
        """Remove the folders of writers that were killed; how many."""
        removed = 0
        with writing(self.path):
            for work in (self.path / _WORK).glob("*"):
                if _is_abandoned(work):
                    shutil.rmtree(work, ignore_errors=True)
                    removed += 1
        return removed


def belongs_to_another(place: str) -> FactsUnavailable:
    return FactsUnavailable(
        f"{place} holds the facts of another database: set TRACKER_FACTS_URL to a folder of its own, or empty it where "
        "that database is gone."
    )


def name_of(application_id: UUID, day: str, first_hour: int, last_hour: int) -> str:
    """Return a new name for the facts of some hours, in the layout that other engines read as partitions (Hive's)."""
    hours = f"{first_hour:02}-{last_hour:02}-{secrets.token_hex(8)}"
    return f"application={application_id}/date={day}/{hours}.parquet"


def checksum_of(path: Path) -> str:
    """BLAKE2b of a file, 128 bits in hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def described(files: Sequence[Path]) -> tuple[int, str]:
    """Return the bytes of files together, and their checksums one after the other."""
    return sum(file.stat().st_size for file in files), "".join(map(checksum_of, files))


def force(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise FactsUnavailable for what the system refuses."""
    try:
        yield
    except OSError as error:
        raise FactsUnavailable(f"The facts cannot be written to {path}: {reason_of(error)}.") from error


def reason_of(error: Exception) -> str:
    """In a few words what the system says."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__


def _is_abandoned(work: Path) -> bool:
    """Return whether the writer whose folder this is has ended: then its lock is free."""
    try:
        lock = None if work.suffix == _NEW else os.open(work / _LOCK, os.O_WRONLY)
    except FileNotFoundError:
        lock = None
    if lock is None:
        return time.time() - work.stat().st_mtime > LEFTOVER_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)
