"""Reading a log: plain or gzip, from a file or standard input, a line at a time, in bounded memory."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tracker.errors import not_found

STDIN = "-"
LONGEST_LINE = 64 * 1024
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. Where it was too long `text` is its beginning only."""

    number: int
    text: bytes
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A log that is open: its lines, and how many bytes of the file (packed ones, where it is) have been read.

    A pipe has no position: `position` is for files whose `size_of` is known.
    """

    lines: Iterator[Line]
    position: Callable[[], int]


def source_of(file: str) -> str:
    """The name under which a file's lines are known: its base name without .gz, which a rotation's gzip adds."""
    return "stdin" if file == STDIN else Path(file).name.removesuffix(".gz")


def size_of(file: str) -> int | None:
    """Bytes on disk, or None where that is not known beforehand. Raises Refused where there is no such file."""
    if file == STDIN:
        return None
    path = Path(file)
    if not path.exists():
        raise not_found(f"There is no file {file}.")
    return path.stat().st_size if path.is_file() else None


@contextmanager
def opened(file: str) -> Iterator[Opened]:
    """Open a log. Raises Refused where it cannot be opened or, while lines are read, where it is damaged."""
    try:
        stream = cast(io.BufferedReader, sys.stdin.buffer) if file == STDIN else Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise not_found(f"{file} cannot be read: {error.strerror}.") from error
    try:
        # By its first bytes, not by its name: standard input has none.
        packed = stream.peek(2)[:2] == _GZIP
        lines = _lines(gzip.GzipFile(fileobj=stream) if packed else stream, file)
        yield Opened(lines, stream.raw.tell)
    finally:
        if file != STDIN:
            stream.close()


def _lines(stream: io.BufferedReader | gzip.GzipFile, file: str) -> Iterator[Line]:
    number = 0
    try:
        while text := stream.readline(LONGEST_LINE + 2):
            number += 1
            if number == 1:
                text = text.removeprefix(_BOM)
            ended = text.endswith(b"\n")
            text = text.rstrip(b"\r\n")
            too_long = len(text) > LONGEST_LINE
            while not ended and (rest := stream.readline(LONGEST_LINE)):
                too_long = True
                ended = rest.endswith(b"\n")
            yield Line(number, text, too_long)
    except (EOFError, zlib.error, OSError) as error:
        raise not_found(f"{file} cannot be read beyond line {number}: {error}.") from error
