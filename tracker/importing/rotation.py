"""What rotation made of a log: its pieces beside it, their order, and those that are to be read after a position.

By the time a rotation is seen, there may have been several, and the next one may be under way: whoever opens pieces
looks again afterwards whether they are still the same.
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from tracker.importing.pieces import Piece, Position
from tracker.importing.source import DAMAGE, plain_name, source_of

_NUMBER: Final = re.compile(r"\.(\d{1,3})$")


class BeingRotated(OSError):
    """Files were moved while they were looked at: look again."""


def rotated(path: Path) -> list[Path]:
    """Return the rotated pieces of a log that lie beside it, the oldest first.

    Where its path is a symbolic link they may lie beside the file that it leads to, under that one's name.
    """
    if path.is_symlink() and (beside := rotated(path.resolve())):
        return beside
    pieces: dict[str, Path] = {}
    name = source_of(path.name)
    for other in sorted(path.parent.iterdir()):
        if other.name == path.name or source_of(other.name) != name or not other.is_file() or other.is_symlink():
            continue
        # While a piece is being packed it is there twice: the plain one is whole.
        pieces.setdefault(plain_name(other.name), other)
    numbers = [_NUMBER.search(plain) for plain in pieces]
    if all(numbers):
        return [pieces[plain] for plain in sorted(pieces, key=_number, reverse=True)]
    if not any(numbers):
        return [pieces[plain] for plain in sorted(pieces)]  # Dates.
    return sorted(pieces.values(), key=lambda piece: piece.stat().st_mtime_ns)


def _number(name: str) -> int:
    match = _NUMBER.search(name)
    return int(match[1]) if match else 0


def find(pieces: list[Path], position: Position) -> int | None:
    """Return where among rotated pieces the one is that was read up to a position. The newest, should there be several.

    A shorter copy of what was read will do, where there is no other.
    Raises OSError where a piece has gone meanwhile.
    """
    beginning = None
    same_file = _same_file(pieces, position)
    if same_file is not None:
        return same_file
    for place in range(len(pieces) - 1, -1, -1):
        piece = Piece(pieces[place])
        try:
            if piece.holds(position):
                return place
            if beginning is None and piece.is_beginning_of(position):
                beginning = place
        except DAMAGE:
            continue  # A damaged piece is none that can be read on.
        finally:
            piece.close()
    return beginning


def path_of(pieces: list[Path], position: Position) -> Path | None:
    """Return where the piece of a position is: among rotated ones, or where a symbolic link led to when it was read.

    Raises OSError.
    """
    place = find(pieces, position)
    if place is not None:
        return pieces[place]
    path = Path(position.path)
    if not position.path or (piece := open_if_it_holds(path, position)) is None:
        return None
    piece.close()
    return path


def is_file(path: Path, position: Position) -> bool:
    """Return whether a path names the very file of a position."""
    status = path.stat()
    return (status.st_dev, status.st_ino) == (position.device, position.inode)


def newer(pieces: list[Path], position: Position) -> list[Path]:
    """Return the rotated pieces that were written after a position, for one whose own piece is not among them.

    A piece that was read before is never among those: it would be counted twice.
    """
    return [piece for piece in pieces if piece.stat().st_mtime_ns > position.modified]


def unseen(path: Path, position: Position, known: list[Position]) -> list[Path]:
    """Return the pieces that came and went while nothing was read of a log's file: copytruncate empties the same one.

    `known` are the positions of pieces that were read, which may have been written to since. Raises OSError.
    """
    return _unseen_among(rotated(path), position, known)


def open_unseen(path: Path, position: Position, known: list[Position]) -> list[Piece]:
    """Return those of a file that has been renamed since, while no new one has the log's name. Raises OSError."""
    pieces = rotated(path)
    skipped = _unseen_among(pieces[: find(pieces, position) or 0], position, known)
    opened = open_new(path, skipped, pieces) if skipped else []
    if opened and opened[-1].path == path:
        opened.pop().close()  # It has come meanwhile.
    return opened


def _unseen_among(pieces: list[Path], position: Position, known: list[Position]) -> list[Path]:
    return [] if position.lines else _newer_of_others(pieces, position, known)


def _newer_of_others(pieces: list[Path], position: Position, known: list[Position]) -> list[Path]:
    return [piece for piece in newer(pieces, position) if not _is_one_of(piece, known)]


def _is_one_of(path: Path, known: list[Position]) -> bool:
    piece = Piece(path)
    try:
        return any(piece.holds(position) for position in known)
    finally:
        piece.close()


def open_if_it_holds(path: Path, position: Position) -> Piece | None:
    """Return the file at a path, where it is the piece of a position. Raises OSError."""
    try:
        piece = Piece(path)
    except FileNotFoundError:
        return None
    is_same = piece.holds(position)
    piece.close()
    return Piece(path, position) if is_same else None


def is_beside(path: Path, position: Position) -> bool:
    """Return whether the file of a position lies beside the log that it was: then it was renamed. Raises OSError."""
    return _same_file(rotated(path), position) is not None


def _same_file(pieces: list[Path], position: Position) -> int | None:
    for place, path in enumerate(pieces):
        # The inode alone may have been given to another file.
        if is_file(path, position) and (piece := open_if_it_holds(path, position)):
            piece.close()
            return place
    return None


def open_renamed(path: Path, position: Position, known: list[Position]) -> list[Piece]:
    """Return the pieces after one that was renamed and is open, or was read to its end.

    `known` are the positions of pieces that were read. Raises OSError.
    """
    pieces = rotated(path)
    return open_new(path, _later(pieces, position, known), pieces)


def _later(pieces: list[Path], position: Position, known: list[Position]) -> list[Path]:
    """Return the rotated pieces to read beside the one of a position: those after it, and what copytruncate took of it.

    Its copies lie before it where it was renamed itself afterwards, before anything was read of it.
    """
    place = find(pieces, position)
    if place is None:
        return _newer_of_others(pieces, position, known)
    return _unseen_among(pieces[:place], position, known) + pieces[place + 1 :]


def open_after(path: Path, position: Position, known: list[Position]) -> tuple[list[Piece], bool]:
    """Return the pieces to read of a position that is not at the log's path any more, and whether its own is of them.

    `known` are the positions of pieces that were read. Raises OSError.
    """
    pieces = rotated(path)
    later = _later(pieces, position, known)
    before = path_of(pieces, position)
    if before is None:
        return open_new(path, later, pieces), False
    rest = Piece(before, position)
    try:
        opened = open_new(path, later, pieces)
    except BaseException:
        rest.close()
        raise
    # It stands where it lies: the last one is that after which the next one comes.
    place = pieces.index(before) if before in pieces else 0
    copies = sum(one.path in pieces[:place] for one in opened)
    return [*opened[:copies], rest, *opened[copies:]], True


def open_new(path: Path, wanted: list[Path], listed: list[Path] | None = None) -> list[Piece]:
    """Rotated pieces that nobody has read, and the file at the log's path, if there is one.

    `listed` are the rotated pieces as they were found. Raises OSError, BeingRotated where they are others now.
    """
    opened: list[Piece] = []
    growing: list[Piece] = []
    try:
        before = _inodes(listed or [])
        with suppress(FileNotFoundError):
            growing.append(Piece(path))
        for place in wanted:
            piece = Piece(place)
            if not piece.read(0, 1) or (growing and piece.is_copy_of(growing[0])):
                piece.close()  # Empty, or a copy that copytruncate is making of what has not been truncated yet.
            else:
                opened.append(piece)
        _check_unmoved(path, listed, before)
    except BaseException:
        for piece in (*opened, *growing):
            piece.close()
        raise
    return opened + growing


def _check_unmoved(path: Path, listed: list[Path] | None, before: list[tuple[int, int]]) -> None:
    if listed is not None and _inodes(rotated(path)) != before:
        raise BeingRotated(f"{path} is being rotated")


def _inodes(paths: list[Path]) -> list[tuple[int, int]]:
    statuses = [path.stat() for path in paths]
    return [(status.st_dev, status.st_ino) for status in statuses]
