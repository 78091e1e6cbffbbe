"""One log that is followed: the piece that grows, and those before it that rotation left unread.

A look finds out whether the log was rotated: by a rename (another file has its name) or by copytruncate (what was read
is not there any more). Then every piece between what was read and the new one is read, in its order; the old one is
read on for some seconds, since its server goes on writing to it until it has opened the new one.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tracker.hit import ImportedIds
from tracker.importing.formats import LogReader
from tracker.importing.ordinals import RecentOrdinals
from tracker.importing.pieces import Piece, Position
from tracker.importing.positions import LogState
from tracker.importing.rotation import (
    is_beside,
    open_after,
    open_if_it_holds,
    open_new,
    open_renamed,
    open_unseen,
    path_of,
    rotated,
    unseen,
)
from tracker.importing.source import MAX_LINE_LENGTH, Line, lines_of

GRACE: Final = 10.0
"""Seconds without a new line after which a rotated piece is not looked at any more."""
TURN_EVERY: Final = 300.0
"""Seconds for which equal lines are remembered, at least."""
_CHUNK: Final = 1 << 20


@dataclass(slots=True)
class Chunk:
    """Whole lines of one piece."""

    lines: list[Line]
    piece: Piece
    taken: bytes
    """The first and the last bytes of it."""
    size: int
    """Bytes."""


@dataclass(slots=True)
class _Open:
    """A piece that is read, and since when nothing was written to it."""

    piece: Piece
    quiet_since: float
    looked_at: tuple[int, int] | None = None
    """Size and time of the file when it was last seen to be what it was."""


@dataclass(slots=True)
class FollowedLog:
    """Reads one log through its rotations."""

    path: Path
    source: str
    ids: ImportedIds
    reader: LogReader
    saved: LogState
    tell: Callable[[str], None]
    now: Callable[[], float]
    ordinals: RecentOrdinals = field(default_factory=RecentOrdinals)
    is_trusted: bool = False
    """Whether its lines were seen to have addresses."""
    _open: list[_Open] = field(default_factory=list)
    """The oldest first; the last is the one that grows."""
    _done: list[Position] = field(default_factory=list)
    _turned: float = 0.0
    _has_begun: bool = False

    def state(self) -> LogState:
        """Return what is to be saved: everything before these positions was taken."""
        if not self._has_begun:
            return self.saved
        return LogState(
            [*self._done, *(open_piece.piece.position for open_piece in self._open)],
            self.saved.header,
            self.saved.partial,
        )

    def turn(self) -> None:
        """Forget older lines, where it is time. To be called before a state is saved, so that both belong together."""
        if self.now() - self._turned < TURN_EVERY:
            return
        self._turned = self.now()
        self.ordinals.turn()
        for position in self._positions():
            position.counted_from, position.turned_at = position.turned_at, position.offset
        self._done = [position for position in self._done if position.counted_from < position.offset]

    def next_chunk(self) -> Chunk | None:
        """Return the next lines that nobody has taken yet, or None where there are none now. Raises OSError."""
        self._look()
        for open_piece in (opened := list(self._open)):
            is_last = open_piece is opened[-1]
            chunk = self._read(open_piece.piece)
            if chunk is not None:
                if is_last and not open_piece.piece.is_packed and not open_piece.piece.holds(open_piece.piece.position):
                    # It was truncated while it was read: the next look goes after it.
                    open_piece.looked_at = None
                    return None
                open_piece.quiet_since = self.now()
                return chunk
            is_quiet = self.now() - open_piece.quiet_since > GRACE
            if (is_quiet or open_piece.piece.is_packed) and not is_last:
                self._end(open_piece)
            elif is_quiet and open_piece.piece.status().st_nlink == 0:
                self._end(open_piece)  # A deleted file takes up its space for as long as it is open.
        return None

    def take(self, chunk: Chunk) -> None:
        """Note that a chunk was taken, whose lines the reader has read."""
        self.saved.header = self.reader.header.decode("latin-1")
        self.saved.partial = self.reader.partial.decode("latin-1")
        chunk.piece.advance(chunk.taken, chunk.size, len(chunk.lines))

    def close(self) -> None:
        _close(self._open)

    def is_at(self, path: Path) -> bool:
        """Return whether a file is one of the pieces that are being read."""
        with suppress(OSError):
            status = path.stat()
            return any(
                (status.st_dev, status.st_ino) == (position.device, position.inode) for position in self.state().pieces
            )
        return False

    def _positions(self) -> list[Position]:
        return [*self._done, *(open_piece.piece.position for open_piece in self._open)]

    def _look(self) -> None:
        """See whether the log was rotated, and open what is to be read now. Where this fails nothing has changed."""
        if not self._has_begun:
            self._begin()
            return
        last = self._open[-1] if self._open else None
        if last is None:
            # The last one was packed or deleted and let go: what was written after it may have been rotated since.
            done = self._done
            self._open += self._opened(open_renamed(self.path, done[-1], done) if done else open_new(self.path, []))
            return
        position = last.piece.position
        try:
            status = self.path.stat()
        except FileNotFoundError:
            # Renamed, and the new one is not there yet: the old one is read on.
            self._open[-1:-1] = self._opened(open_unseen(self.path, position, self._positions()))
            return
        is_its_file = (status.st_dev, status.st_ino) == (position.device, position.inode)
        seen = (status.st_size, status.st_mtime_ns)
        if is_its_file and seen == last.looked_at:
            return
        if not last.piece.holds(position):
            # Truncated, and perhaps renamed since.
            follow_up = self._after(position, self._positions())
        elif is_its_file:
            skipped = unseen(self.path, position, self._positions())
            if not skipped:
                last.looked_at = seen
                return
            follow_up = self._opened(open_new(self.path, skipped, rotated(self.path)))
        elif (same := self._opened_if_written_anew(position)) is not None:
            follow_up = [_Open(same, self.now())]
        else:
            self._open += self._opened(open_renamed(self.path, last.piece.seen(), self._positions()))
            last.quiet_since = self.now()
            return
        last.piece.close()
        self._open[-1:] = follow_up

    def _begin(self) -> None:
        """Take a log up where it was left, or at its start."""
        self._turned = self.now()
        self.ordinals = RecentOrdinals()
        self._done = []
        if not self.saved.pieces:
            self._open = self._opened(open_new(self.path, []))
            self._has_begun = bool(self._open)
            return
        *older, last = self.saved.pieces
        still_open: list[_Open] = []
        done: list[Position] = []
        try:
            pieces = rotated(self.path)
            for position in older:
                piece = path_of(pieces, position)
                if piece is None or position.is_done:
                    if piece is not None:
                        self._count_and_close(Piece(piece, position))
                    elif not position.is_done:
                        self._say_lost(position)
                    done.append(position)
                else:
                    still_open.append(_Open(Piece(piece, position), self.now()))
            same = None if is_beside(self.path, last) else open_if_it_holds(self.path, last)
            if same and (skipped := unseen(self.path, last, older)):
                same.close()
                still_open += self._opened(open_new(self.path, skipped, pieces))
            else:
                still_open += [_Open(same, self.now())] if same else self._after(last, older)
            for open_piece in still_open:
                self._count(open_piece.piece)
        except BaseException:
            _close(still_open)
            raise
        self.reader.resume(self.saved.header.encode("latin-1"), self.saved.partial.encode("latin-1"))
        for position in done:
            position.is_done = True
        self._open, self._done, self._has_begun = still_open, self._done + done, True

    def _opened_if_written_anew(self, position: Position) -> Piece | None:
        """Return the new file, where it is the old one written anew, as by an editor."""
        if not position.head_length or is_beside(self.path, position):
            return None
        return open_if_it_holds(self.path, position)

    def _after(self, position: Position, known: list[Position]) -> list[_Open]:
        """Return the rest of a piece that is not at the log's path any more, and the pieces after it."""
        opened, has_rest = open_after(self.path, position, known)
        if not has_rest:
            self._say_lost(position)
            self._done.append(position)
        position.is_done = not has_rest
        return self._opened(opened)

    def _opened(self, pieces: list[Piece]) -> list[_Open]:
        return [_Open(piece, self.now()) for piece in pieces]

    def _count_and_close(self, piece: Piece) -> None:
        try:
            self._count(piece)
        finally:
            piece.close()

    def _count(self, piece: Piece) -> None:
        """Count the lines again whose equal ones are remembered, as they were counted when they were taken."""
        position = piece.position
        number = 1 if position.counted_from == 0 else 2
        for block in piece.blocks(position.counted_from, position.offset):
            for line in lines_of(block, number):
                if line.text.strip() and not line.too_long:
                    self.ordinals.next(self.ids.of(line.text, 0))
            number = 2
        position.turned_at = position.counted_from

    def _read(self, piece: Piece) -> Chunk | None:
        offset = piece.position.offset
        data = piece.read(offset, _CHUNK)
        end = data.rfind(b"\n") + 1
        number = piece.position.lines + 1
        if end:
            return Chunk(lines_of(data[:end], number), piece, data[:end], end)
        if len(data) < _CHUNK:
            return None
        # One line of more than a chunk: only its end is looked for.
        size, last = len(data), data
        while not end:
            more = piece.read(offset + size, _CHUNK)
            if not more:
                return None
            end = more.find(b"\n") + 1
            last = (last + (more[:end] if end else more))[-MAX_LINE_LENGTH:]
            size += end or len(more)
        return Chunk([Line(number, data[:MAX_LINE_LENGTH], too_long=True)], piece, data[:MAX_LINE_LENGTH] + last, size)

    def _end(self, ended: _Open) -> None:
        """Leave a rotated piece to which nothing was written for some time."""
        piece, position = ended.piece, ended.piece.position
        if piece.read(position.offset, 1):
            self.tell(f"The last line of {piece.path} has no end: it was not taken.")
        piece.close()
        position.is_done = True
        self._open.remove(ended)
        self._done.append(position)

    def _say_lost(self, position: Position) -> None:
        if position.head_length:
            self.tell(
                f"{self.path} was rotated, and the piece that was read up to line {position.lines} is not beside it: "
                "lines after that one may be missing. Import that piece, should it be elsewhere."
            )


def _close(opened: list[_Open]) -> None:
    for open_piece in opened:
        open_piece.piece.close()
