"""A bucket in the place of the folder: each process reads copies of its files, which are in a folder beside it.

A file is put into the bucket when it is whole, before anybody knows of it. Copies of what is read are checked, and
removed when the file is not one of the facts any more: `present` tells which of some names are, and is asked every few
seconds for as long as there are copies, also those of a process before. Where it cannot tell, all of them go. Of more
copies than there is to be room for, those go that nobody has read for longest.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from tracker.errors import FactsUnavailable, TrackerError
from tracker.facts import command_copies
from tracker.facts.bucket import FETCH_SECONDS, PART, S3Bucket
from tracker.facts.engine import FactsDamaged
from tracker.facts.folder import (
    HITS,
    LEFTOVER_SECONDS,
    MARK,
    Folder,
    Published,
    belongs_to_another,
    described,
    writing,
)
from tracker.facts.visits import beside
from tracker.log import logger

_LOOK_SECONDS: Final = 5.0
_MARK_SECONDS: Final = 5.0
"""For so long a folder's name is not asked for again."""
_LIST_SECONDS: Final = LEFTOVER_SECONDS
"""Between two looks at all objects for what killed writers have left: it may hold somebody who is erased meanwhile."""
_FETCHES_AT_ONCE: Final = 16
_IN_USE_SECONDS: Final = 60.0
"""A question may still read a copy for so long, whatever room there is."""

_log = logger(__name__)


class BucketFolder(Folder):
    """A bucket as this process sees it; `path` is the folder of the copies. Thread-safe."""

    grace_seconds: float = 30.0
    """Longer than copies of a replaced file stay: when the file is gone from the bucket, no copy is left either."""

    def __init__(
        self, bucket: S3Bucket, copies: Path, present: Callable[[list[str]], set[str]], *, max_bytes: int = 0
    ) -> None:
        """`max_bytes` is the room for copies; 0: as much as they take."""
        super().__init__(copies)
        self._max_bytes = max_bytes
        self._bucket = bucket
        self._present = present
        self._lock = threading.Lock()
        self._fetching = tuple(threading.Lock() for _ in range(_FETCHES_AT_ONCE))
        self._looking: threading.Thread | None = None
        self._known_id: tuple[float, UUID] | None = None
        self._listed_at = float("-inf")

    @property
    def place(self) -> str:
        return self._bucket.url

    def id(self) -> UUID | None:
        known = self._known_id
        if known is not None and time.monotonic() - known[0] < _MARK_SECONDS:
            return known[1]
        mark = self._bucket.read(MARK)
        try:
            number = UUID(mark.decode("ascii").strip()) if mark is not None else None
        except ValueError as error:
            raise FactsUnavailable(f"{self.place}/{MARK} does not say whose facts these are.") from error
        self._known_id = (time.monotonic(), number) if number is not None else None
        return number

    def found(self, folder_id: UUID) -> None:
        self._known_id = None
        # A store whose answer was lost is asked again, and then says that there is one already: perhaps ours.
        if not self._bucket.create(MARK, f"{folder_id}\n".encode("ascii")) and self.id() != folder_id:
            raise belongs_to_another(self.place)

    def renew(self) -> UUID:
        self._known_id = None
        self._bucket.delete([one.name for one in self._bucket.objects() if one.name == MARK or is_of_facts(one.name)])
        self._remove_copies(set())
        made = uuid4()
        self.found(made)
        return made

    def publish(self, made: Path, name: str, *, has_visits: bool = True) -> Published:
        files = [made, beside(made)] if has_visits else [made]
        with writing(made.parent):
            size, checksum = described(files)
            # That of the visits first: who finds the one finds the other.
            for source, target in reversed(list(zip(files, objects_of(name), strict=True))):
                self._bucket.write(target, source)
            for source in files:
                source.unlink()
        return Published(name, size, checksum)

    def local(self, name: str) -> Path:
        file = self.path / name
        for target in objects_of(name):
            copy = self.path / target
            if not copy.exists() and not self._fetch(target, copy):
                raise FactsDamaged(f"{target} is not in {self.place}: `python -m tracker stats rebuild` makes it anew.")
        return file

    def has(self, name: str, size: int, checksum: str) -> bool:
        # Questions that are asked at once fetch a file once.
        with self._fetching[hash(name) % len(self._fetching)]:
            return self._has(name, size, checksum)

    def _has(self, name: str, size: int, checksum: str) -> bool:
        try:
            if super().holds(name, size, checksum):
                return True
        except FactsUnavailable:
            _log.warning("copy of a file of the facts cannot be read", file=name)
        # The list that the name stands in may be old: what was replaced long ago is not fetched any more.
        if not self._present([name]) or not self.holds(name, size, checksum):
            return False
        if not self._present([name]):
            super().remove(name)
            return False
        return True

    def note_read(self, names: Iterable[str]) -> None:
        now = time.time_ns()
        for name in names:
            with suppress(OSError):  # It is gone, or nothing can be written here: then nothing goes for want of room.
                file = self.path / name
                os.utime(file, ns=(now, file.stat().st_mtime_ns))

    def holds(self, name: str, size: int, checksum: str, *, has_visits: bool = True) -> bool:
        """Return whether the file in the bucket is as it was published; what was read of it is the new copy."""
        # The copy that is here stays until there is another: somebody may be reading it.
        until = time.monotonic() + FETCH_SECONDS
        if not all(self._fetch(target, self.path / target, until=until) for target in objects_of(name)):
            super().remove(name)
            return False
        return super().holds(name, size, checksum, has_visits=has_visits)

    def remove(self, name: str) -> None:
        self._bucket.delete(objects_of(name))
        super().remove(name)

    def remove_leftovers(self, known: Callable[[list[str]], set[str]]) -> int:
        removed = self.remove_abandoned_work()  # Copies are looked after all the time.
        if time.monotonic() - self._listed_at < _LIST_SECONDS:
            return removed
        before = datetime.now(UTC) - timedelta(seconds=LEFTOVER_SECONDS)
        old = {
            str(Path(one.name).with_suffix(".parquet"))
            for one in self._bucket.objects()
            if is_of_facts(one.name) and one.modified_at < before
        }
        for name in sorted(old - known(sorted(old))):
            self.remove(name)
            removed += 1
        self._listed_at = time.monotonic()
        return removed

    def watch(self) -> None:
        """Look after the copies from now on, also those that a process before has left, until this process ends."""
        with self._lock:
            if self._looking is None:
                looking = threading.Thread(target=self._look_on, name="facts-copies", daemon=True)
                looking.start()
                self._looking = looking

    def look(self) -> int:
        """Remove copies of files that are none of the facts any more, and what has no room; how many are left."""
        self._remove_parts()
        names = sorted({str(copy.with_suffix(".parquet").relative_to(self.path)) for copy in self._copies()})
        if not names:
            return 0
        try:
            present = self._present(names)
        except TrackerError:
            present = set()  # Nobody tells whether somebody was erased.
        present -= self._without_room(present)
        self._remove_copies(present)
        return len(present)

    def _fetch(self, target: str, copy: Path, *, until: float | None = None) -> bool:
        seconds = FETCH_SECONDS if until is None else until - time.monotonic()
        is_there = self._bucket.fetch(target, copy, seconds=seconds)
        if is_there:
            self.watch()
        return is_there

    def _look_on(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            try:
                self.look()
                command_copies.remove_abandoned()
            except Exception:  # noqa: BLE001 It must not end: nobody else looks after the copies.
                _log.exception("copies of the facts not looked at")

    def _without_room(self, names: Iterable[str]) -> set[str]:
        """Return the files whose copies go because there are too many, those first that were not read for longest."""
        if not self._max_bytes:
            return set()
        copies = []
        for name in names:
            with suppress(FileNotFoundError):  # Another process has removed it.
                states = [(self.path / target).stat() for target in objects_of(name)]
                copies.append((states[0].st_atime, sum(state.st_size for state in states), name))
        surplus = sum(size for _, size, _ in copies) - self._max_bytes
        going = set()
        for read_at, size, name in sorted(copies):
            if surplus <= 0 or read_at > time.time() - _IN_USE_SECONDS:
                break
            surplus -= size
            going.add(name)
        return going

    def _files(self) -> list[Path]:
        return [*self.path.glob("application=*/date=*/*"), *self.path.glob(f"{HITS}/application=*/date=*/*")]

    def _copies(self) -> list[Path]:
        return [file for file in self._files() if file.suffix != PART]

    def _remove_parts(self) -> None:
        """Remove what was being fetched when a process was killed: no fetch takes as long."""
        before = time.time() - FETCH_SECONDS
        for part in self._files():
            if part.suffix == PART:
                with suppress(FileNotFoundError):
                    if part.stat().st_mtime < before:
                        part.unlink()

    def _remove_copies(self, present: set[str]) -> None:
        for copy in self._copies():
            if str(copy.with_suffix(".parquet").relative_to(self.path)) not in present:
                copy.unlink(missing_ok=True)


def objects_of(name: str) -> list[str]:
    """Return the objects of a file: itself, and its visits, which a file of all columns has none of."""
    return [name] if name.startswith(f"{HITS}/") else [name, str(beside(Path(name)))]


def is_of_facts(name: str) -> bool:
    return name.startswith(("application=", f"{HITS}/application="))
