"""A bucket in the place of the folder: each process reads copies of its files, which are in a folder beside it.

A file is put into the bucket when it is whole, before anybody knows of it. Copies of what is read are checked, and
removed when the file is not one of the facts any more: `present` tells which of some names are, and is asked every few
seconds for as long as there are copies. Where it cannot tell, all of them go.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from tracker.errors import FactsUnavailable, TrackerError
from tracker.facts.bucket import PART, S3Bucket
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
_LIST_SECONDS: Final = 3600.0
"""Between two looks at all objects for what killed writers have left."""

_log = logger(__name__)


class BucketFolder(Folder):
    """A bucket as this process sees it; `path` is the folder of the copies. Thread-safe."""

    grace_seconds: float = 30.0
    """Longer than copies of a replaced file stay: when the file is gone from the bucket, no copy is left either."""

    def __init__(self, bucket: S3Bucket, copies: Path, present: Callable[[list[str]], set[str]]) -> None:
        super().__init__(copies)
        self._bucket = bucket
        self._present = present
        self._lock = threading.Lock()
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

    def found(self) -> UUID:
        made = uuid4()
        if not self._bucket.create(MARK, f"{made}\n".encode("ascii")):
            raise belongs_to_another(self.place)
        return made

    def renew(self) -> UUID:
        self._known_id = None
        self._bucket.delete([one.name for one in self._bucket.objects() if one.name == MARK or is_of_facts(one.name)])
        self._remove_copies(set())
        return self.found()

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
        try:
            if super().holds(name, size, checksum):
                return True
        except FactsUnavailable:
            _log.warning("copy of a file of the facts cannot be read", file=name)
        return self.holds(name, size, checksum)

    def holds(self, name: str, size: int, checksum: str, *, has_visits: bool = True) -> bool:
        """Return whether the file in the bucket is as it was published; what was read of it is the new copy."""
        super().remove(name)
        if not all(self._fetch(target, self.path / target) for target in objects_of(name)):
            super().remove(name)
            return False
        return super().holds(name, size, checksum, has_visits=has_visits)

    def remove(self, name: str) -> None:
        self._bucket.delete(objects_of(name))
        super().remove(name)

    def remove_leftovers(self, known: Callable[[list[str]], set[str]]) -> int:
        removed = super().remove_leftovers(known) if self.path.exists() else 0
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

    def remove_copies(self) -> None:
        """Remove every copy: of a process that ends, and after which nobody looks here."""
        self._remove_copies(set())

    def look(self) -> int:
        """Remove copies of files that are none of the facts any more; how many are left."""
        names = sorted({str(copy.with_suffix(".parquet").relative_to(self.path)) for copy in self._copies()})
        if not names:
            return 0
        try:
            present = self._present(names)
        except TrackerError:
            present = set()  # Nobody tells whether somebody was erased.
        self._remove_copies(present)
        return len(present)

    def _fetch(self, target: str, copy: Path) -> bool:
        is_there = self._bucket.fetch(target, copy)
        with self._lock:
            if is_there and self._looking is None:
                self._looking = threading.Thread(target=self._look_on, name="facts-copies", daemon=True)
                self._looking.start()
        return is_there

    def _look_on(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            try:
                self.look()
            except OSError:
                _log.exception("copies of the facts not looked at")

    def _copies(self) -> list[Path]:
        files = (*self.path.glob("application=*/date=*/*"), *self.path.glob(f"{HITS}/application=*/date=*/*"))
        return [file for file in files if file.suffix != PART]

    def _remove_copies(self, present: set[str]) -> None:
        for copy in self._copies():
            if str(copy.with_suffix(".parquet").relative_to(self.path)) not in present:
                copy.unlink(missing_ok=True)


def objects_of(name: str) -> list[str]:
    """Return the objects of a file: itself, and its visits, which a file of all columns has none of."""
    return [name] if name.startswith(f"{HITS}/") else [name, str(beside(Path(name)))]


def is_of_facts(name: str) -> bool:
    return name.startswith(("application=", f"{HITS}/application="))
