"""Reading a log: plain or packed, from a file or standard input, a line at a time, in bounded memory."""

import bz2
import codecs
import gzip
import io
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

from msgspec import Struct

from tracker import zstd
from tracker.errors import Refused, not_found

STDIN = "-"
MAX_LINE_LENGTH = 64 * 1024
_BOM: Final = codecs.BOM_UTF8
_BOMS_OF_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TAR, _TAR_AT = b"ustar", 257
"""What the head of a tar archive has, and where."""
_ZSTD_OPTIONS: Final[Mapping[int, int]] = {zstd.DecompressionParameter.window_log_max: 27}
"""At most 128 MB of what was unpacked are kept to unpack the rest, as `zstd -d` does by itself."""
_PACKED: Final[dict[bytes, Callable[[io.BufferedReader], "_Packed"]]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda stream: zstd.ZstdFile(stream, options=_ZSTD_OPTIONS),
}
DAMAGE: Final = (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError, gzip.BadGzipFile)
"""What is raised where a packed file is damaged."""
_ZIP: Final = b"PK\x03\x04"
_UNPACKED_BY: Final = {_ZIP: "unzip -p"}
_PACKED_SUFFIX: Final = re.compile(r"\.(?:gz|bz2|xz|zst|zip)$")
# What logrotate, cronolog and the like append: .1, -20261120, .2026-11-20, -1795899522, -2026112023
_ROTATED_SUFFIX: Final = re.compile(r"[.-](?:\d{1,3}|\d{4}-?\d{2}-?\d{2}(?:-?\d{2,6})?|1\d{9})$")
_LOOKED_AT: Final = 4096


class Unpacked(Protocol):
    """The bytes of a file, unpacked where it is packed."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...

    def close(self) -> None: ...


class _Lines(Protocol):
    """What lines are read from."""

    def readline(self, size: int, /) -> bytes: ...


class _Packed(_Lines, Protocol):
    """A packed file, of which the beginning may be looked at."""

    def peek(self, size: int, /) -> bytes: ...


class Line(Struct, frozen=True, gc=False):
    """One line without its end. Where it was too long `text` is its beginning only."""

    number: int
    text: bytes
    too_long: bool = False
    is_whole: bool = True
    """Whether its end was there: the last line of a log may be half written."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A log that is open: its lines, and how many bytes of the file (packed ones, where it is) have been read.

    A pipe has no position: `position` is for files whose `size_of` is known.
    """

    lines: Iterator[Line]
    position: Callable[[], int]
    may_grow: bool = False
    """A plain file, to which its server may be writing: a last line without an end waits for the next run."""


def source_of(file: str) -> str:
    """Return the name under which a file's lines are known: its base name without what packing and rotation add."""
    if file == STDIN:
        return "stdin"
    name = Path(file).name
    plain = _ROTATED_SUFFIX.sub("", _PACKED_SUFFIX.sub("", name))
    # Some rotate access-20261120.log: the suffix stands before the ending.
    stem, point, ending = plain.rpartition(".")
    if point and ending.isalpha():
        plain = f"{_ROTATED_SUFFIX.sub('', stem) or stem}.{ending}"
    return plain or name


def size_of(file: str) -> int | None:
    """Bytes on disk, or None where that is not known beforehand. Raises Refused where there is no such file."""
    if file == STDIN:
        return None
    path = Path(file)
    if not path.exists():
        raise not_found(f"There is no file {file}.")
    return path.stat().st_size if path.is_file() else None


def is_packed(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of a packed one."""
    return head.startswith((*_PACKED, *_UNPACKED_BY))


def check_followable(path: Path) -> None:
    """Raises Refused for what cannot be read while it grows, OSError where it cannot be opened. No file yet is fine."""
    if not path.exists():
        return
    if not path.is_file():
        raise Refused("VALIDATION_ERROR", 400, f"{path} is no file: --follow reads files.")
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if is_packed(head):
        raise Refused("VALIDATION_ERROR", 400, f"{path} is packed, nobody writes to it: import it without --follow.")
    if head.startswith(_BOMS_OF_UTF16):
        raise Refused("VALIDATION_ERROR", 400, f"{path} is UTF-16: import it without --follow.")


def unpacked(stream: io.BufferedReader) -> Unpacked | None:
    """Return the bytes inside a packed file; None where it is not packed in a way that is read here."""
    head = stream.peek(_LOOKED_AT)
    unpack = next((unpack for magic, unpack in _PACKED.items() if head.startswith(magic)), None)
    return None if unpack is None else cast(Unpacked, unpack(stream))


def plain_name(name: str) -> str:
    """Return a file's name without the ending of what packed it."""
    return _PACKED_SUFFIX.sub("", name)


def lines_of(data: bytes, number: int) -> list[Line]:
    """Return the lines of bytes that end with one; `number` is the first line's. As `opened` gives them."""
    texts = data.split(b"\n")
    texts.pop()
    if number == 1 and texts:
        texts[0] = texts[0].removeprefix(_BOM)
    lines: list[Line] = []
    for place, raw in enumerate(texts, number):
        text = raw.rstrip(b"\r\n")
        lines.append(Line(place, text, len(text) > MAX_LINE_LENGTH))
    return lines


@contextmanager
def opened(file: str) -> Iterator[Opened]:
    """Open a log. Raises Refused where it cannot be opened or, while lines are read, where it is damaged."""
    try:
        stream = cast(io.BufferedReader, sys.stdin.buffer) if file == STDIN else Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise not_found(f"{file} cannot be read: {error.strerror}.") from error
    try:
        # By its first bytes, not by its name: standard input has none.
        head = stream.peek(_LOOKED_AT)[:_LOOKED_AT]
        unpack = next((unpack for magic, unpack in _PACKED.items() if head.startswith(magic)), None)
        is_archive = head.startswith(_ZIP) and stream.seekable()
        if is_archive:
            lines: _Lines = _only_member(stream, file)
        else:
            lines = _text(unpack(stream), file) if unpack else _plain(stream, head, file)
        may_grow = file != STDIN and unpack is None and not is_archive
        yield Opened(_lines(lines, file), stream.raw.tell, may_grow=may_grow)
    finally:
        if file != STDIN:
            stream.close()


def _only_member(stream: io.BufferedReader, file: str) -> _Lines:
    """Open the only file of a zip archive. Raises Refused for several, for a password, for a damaged archive."""
    try:
        archive = zipfile.ZipFile(stream)
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) == 1:
            return _text(cast(_Packed, archive.open(members[0])), file)
        why = f"it holds {len(members)} files"
    except (zipfile.BadZipFile, RuntimeError, OSError) as error:  # RuntimeError: it has a password.
        why = str(error)
    raise Refused(
        "VALIDATION_ERROR",
        400,
        f"{file} cannot be read, {why}: unzip -p FILE MEMBER | python -m tracker import - --source NAME ...",
    )


def _text(stream: _Packed, file: str) -> _Lines:
    """Return the lines of what was packed. Raises Refused for an archive of files, and for damage at the beginning."""
    try:
        head = stream.peek(_LOOKED_AT)
    except (*DAMAGE, OSError) as error:
        # Asked again, a reader would only say that something is missing.
        raise not_found(f"{file} cannot be read beyond line 0: {error}.") from error
    _refuse_tar(head, file)
    return _Utf16(stream) if head.startswith(_BOMS_OF_UTF16) else stream


def _refuse_tar(head: bytes, file: str) -> None:
    if head[_TAR_AT:].startswith(_TAR):
        raise Refused(
            "VALIDATION_ERROR",
            400,
            f"{file} is a tar archive: tar -xOf FILE MEMBER | python -m tracker import - --source NAME ...",
        )


def _plain(stream: io.BufferedReader, head: bytes, file: str) -> _Lines:
    """Raises Refused for what is no text, with what would make it some."""
    for magic, command in _UNPACKED_BY.items():
        if head.startswith(magic):
            raise Refused(
                "VALIDATION_ERROR",
                400,
                f"{file} is packed: {command} FILE | python -m tracker import - --source NAME ...",
            )
    _refuse_tar(head, file)
    if head.startswith(_BOMS_OF_UTF16):
        return _Utf16(stream)
    # Between a log that was truncated (NULs, then lines) and a program stands how many other control bytes there are.
    if len(re.findall(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", head)) * 10 > len(head):
        raise Refused("VALIDATION_ERROR", 400, f"{file} is no log: it holds binary data.")
    return stream


class _Utf16:
    """The lines of a UTF-16 text with a byte order mark, as UTF-8."""

    def __init__(self, stream: "io.BufferedReader | _Packed") -> None:
        self._text = io.TextIOWrapper(cast(io.BufferedReader, stream), "utf-16", errors="replace", newline="\n")

    def readline(self, size: int, /) -> bytes:
        return self._text.readline(size).encode("utf-8", "replace")


def _lines(stream: _Lines, file: str) -> Iterator[Line]:
    number, read = 0, stream.readline
    try:
        while text := read(MAX_LINE_LENGTH + 2):
            number += 1
            if number == 1:
                text = text.removeprefix(_BOM)
            ended = text.endswith(b"\n")
            text = text.rstrip(b"\r\n")
            if ended and len(text) <= MAX_LINE_LENGTH:
                yield Line(number, text)
                continue
            too_long = len(text) > MAX_LINE_LENGTH
            while not ended and (rest := read(MAX_LINE_LENGTH)):
                too_long = True
                ended = rest.endswith(b"\n")
            yield Line(number, text, too_long, ended)
    except (*DAMAGE, zipfile.BadZipFile, OSError) as error:
        raise not_found(f"{file} cannot be read beyond line {number}: {error}.") from error
