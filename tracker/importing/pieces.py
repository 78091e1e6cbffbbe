"""The pieces that rotation cuts a log into: how far each was read, and how it is known again under another name.

A piece is known by its content: by a hash of its first bytes and one of those before the place where reading stopped.
Its device and inode count only while nothing of it was read: an inode is given to another file as soon as it is free,
a device may have another number after the machine was started anew, and a copy has neither.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Final, cast

from tracker.importing.source import Unpacked, unpacked

MAX_HEAD: Final = 1024
"""Bytes at the head of a piece that are hashed: some lines, with their times."""
_TAIL: Final = 64
_BLOCK: Final = 1 << 20


@dataclass(slots=True)
class Position:
    """How far a piece of a log was read. It is what a follower keeps over its restarts."""

    device: int
    inode: int
    modified: int = 0
    """Nanoseconds since 1970 at which it was last written to, as far as that was seen."""
    offset: int = 0
    """Bytes that were read (unpacked ones), always up to the end of a line."""
    lines: int = 0
    head: str = ""
    head_length: int = 0
    """How many first bytes `head` is a hash of."""
    tail: str = ""
    """A hash of the last bytes before `offset`."""
    counted_from: int = 0
    """Where the lines begin whose equal ones are remembered."""
    turned_at: int = 0
    """Where `counted_from` will stand after the next turn (`ordinals.RecentOrdinals`)."""
    path: str = ""
    """The file itself, where the log's path was a symbolic link to it."""
    is_done: bool = False
    """Nothing more will come: it is kept for the lines after `counted_from`."""


class Piece:
    """A piece that is open, and the position in it."""

    def __init__(self, path: Path, position: Position | None = None) -> None:
        """`position` is one that the file holds. Raises OSError where it cannot be opened."""
        self.path = path
        self._file = path.open("rb")
        try:
            status = os.fstat(self._file.fileno())
            inside = unpacked(self._file)
        except BaseException:
            self._file.close()
            raise
        self.is_packed = inside is not None
        # Unbuffered where it is plain: a buffer would hold what stood there before the file was truncated.
        self._bytes: Unpacked = inside or cast(Unpacked, self._file.raw)
        self.position = position or Position(status.st_dev, status.st_ino, status.st_mtime_ns)
        self.position.device, self.position.inode = status.st_dev, status.st_ino
        if path.is_symlink():
            self.position.path = str(path.resolve())
        self._head = self.read(0, self.position.head_length)
        self._end = self.tail_before(self.position.offset)

    def close(self) -> None:
        self._bytes.close()
        self._file.close()

    def status(self) -> os.stat_result:
        return os.fstat(self._file.fileno())

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset` on. Raises OSError, EOFError and the like where a packed file is damaged."""
        self._bytes.seek(offset)
        parts: list[bytes] = []
        while size and (part := self._bytes.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def holds(self, position: Position) -> bool:
        """Return whether what was read up to a position stands here: then this is that piece, whatever it is called."""
        if not position.head_length:
            status = self.status()
            return (status.st_dev, status.st_ino) == (position.device, position.inode)
        return self._has_head_of(position) and _hash(self.tail_before(position.offset)) == position.tail

    def is_beginning_of(self, position: Position) -> bool:
        """Return whether this is a copy that was made before all of what was read had been written (copytruncate)."""
        return bool(position.head_length) and self._has_head_of(position) and not self.read(position.offset - 1, 1)

    def is_copy_of(self, other: "Piece") -> bool:
        """Return whether all that stands here stands at the head of another file too."""
        size = self.status().st_size
        if self.is_packed or size > other.status().st_size:
            return False
        beginning = min(size, MAX_HEAD)
        return (self.read(0, beginning), self.tail_before(size)) == (other.read(0, beginning), other.tail_before(size))

    def seen(self) -> Position:
        """Return the position by which this piece is known again: where nothing was read, by what stands here now.

        An inode alone would not do, should it be packed while it is still open.
        """
        if self.position.head_length or not (head := self.read(0, MAX_HEAD)):
            return self.position
        size = self.status().st_size
        tail = _hash(self.tail_before(size))
        return replace(self.position, head=_hash(head), head_length=len(head), offset=size, tail=tail)

    def _has_head_of(self, position: Position) -> bool:
        head = self.read(0, position.head_length)
        return len(head) == position.head_length and _hash(head) == position.head

    def advance(self, taken: bytes, size: int, lines: int) -> None:
        """Note that `size` bytes more were taken, which were so many lines; `taken` has their first and last ones.

        The hashes are made of what was taken, not read anew: the file may have been truncated since.
        """
        position = self.position
        if len(self._head) < MAX_HEAD:
            self._head = (self._head + taken)[:MAX_HEAD]
            position.head, position.head_length = _hash(self._head), len(self._head)
        self._end = (self._end + taken)[-_TAIL:]
        position.tail = _hash(self._end)
        position.offset += size
        position.lines += lines
        position.modified = max(position.modified, self.status().st_mtime_ns)

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes between two ends of lines, in blocks that end with a line, as far as lines are not longer."""
        rest = b""
        while start < end and (data := self.read(start, min(_BLOCK, end - start))):
            start += len(data)
            whole, newline, rest_of = (rest + data).rpartition(b"\n")
            if newline:
                yield whole + newline
            rest = rest_of

    def tail_before(self, offset: int) -> bytes:
        """Return the last bytes before an offset."""
        start = max(0, offset - _TAIL)
        return self.read(start, offset - start)


def _hash(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
