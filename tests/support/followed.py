"""A log that is written, rotated and packed as servers and logrotate do it, and a follower of it without a queue."""

import gzip
import os
import shutil
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from uuid import UUID

from tracker.hit import ImportedIds
from tracker.importing.followed_log import FollowedLog
from tracker.importing.formats import LogReader
from tracker.importing.positions import LogState
from tracker.importing.record import Malformed
from tracker.importing.rotation import BeingRotated

_IDS = ImportedIds(UUID(int=1), "a")


class Reading:
    """A follower of one log, which notes what it took as often as it took it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken: list[tuple[bytes, int]] = []
        self.told: list[str] = []
        self.time = 0.0
        self.state = LogState()
        self.log = self._new()

    def _new(self) -> FollowedLog:
        state = deepcopy(self.state)
        return FollowedLog(self.path, "a", _IDS, LogReader(), state, self.told.append, lambda: self.time)

    def read(self, seconds: float = 0) -> None:
        self.time += seconds
        tries = 0
        while tries < 2:
            try:
                chunk = self.log.next_chunk()
            except BeingRotated:
                continue
            if chunk is None:
                tries += 1
                continue
            for line in chunk.lines:
                with suppress(Malformed):
                    self.log.reader(line.text)
            self.taken += [(line.text, self.log.ordinals.next(_IDS.of(line.text, 0))) for line in chunk.lines]
            self.log.take(chunk)

    def save(self) -> None:
        self.log.turn()
        self.state = deepcopy(self.log.state())

    def restart(self) -> None:
        """As after kill -9: with what was saved last."""
        self.log.close()
        self.log = self._new()

    def close(self) -> None:
        self.log.close()

    def lines(self) -> Counter[bytes]:
        """Each line as often as hits of it would be stored."""
        return Counter(text for text, _ in set(self.taken))


def write(path: Path, *texts: str, end: str = "\n") -> None:
    with path.open("a") as log:
        log.write("\n".join(texts) + end)


def rename(path: Path, most: int = 60) -> None:
    for number in range(most, 0, -1):
        for packed in ("", ".gz"):
            old = path.with_name(f"{path.name}.{number}{packed}")
            if old.exists():
                old.rename(path.with_name(f"{path.name}.{number + 1}{packed}"))
    path.rename(f"{path}.1")


def copytruncate(path: Path) -> None:
    new = path.with_name("new")
    shutil.copy(path, new)
    path.rename(path.with_name("kept"))
    path.touch()
    rename(path)
    new.rename(f"{path}.1")
    path.with_name("kept").rename(path)
    with path.open("r+b") as log:
        log.truncate(0)


def pack(path: Path) -> None:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(packed, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    path.unlink()
