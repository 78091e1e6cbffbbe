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
    """Return the rotated pieces of a log that lie beside it, the oldest first."""
    pieces: dict[str, Path] = {}
    name = source_of(path.name)
    for other in sorted(path.parent.iterdir()):
        if other.name == path.name or source_of(other.name) != name or not other.is_file():
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


def is_file(path: Path, position: Position) -> bool:
    """Return whether a path names the very file of a position."""
    status = path.stat()
    return (status.st_dev, status.st_ino) == (position.device, position.inode)


def newer(pieces: list[Path], position: Position) -> list[Path]:
    """Return the rotated pieces that were written after a position, for one whose own piece is not among them.

    A piece that was read before is never among those: it would be counted twice.
    """
    return [piece for piece in pieces if piece.stat().st_mtime_ns > position.modified]


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


def open_renamed(path: Path, position: Position) -> list[Piece]:
    """Return the pieces after one that is open and was renamed. Raises OSError."""
    pieces = rotated(path)
    place = find(pieces, position)
    return open_new(path, newer(pieces, position) if place is None else pieces[place + 1 :], pieces)


def open_after(path: Path, position: Position) -> tuple[Piece | None, list[Piece]]:
    """Return the piece of a position that is not at the log's path any more, where it is found, and those after it.

    Raises OSError.
    """
    pieces = rotated(path)
    place = find(pieces, position)
    if place is None:
        return None, open_new(path, newer(pieces, position), pieces)
    rest = Piece(pieces[place], position)
    try:
        return rest, open_new(path, pieces[place + 1 :], pieces)
    except BaseException:
        rest.close()
        raise


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
