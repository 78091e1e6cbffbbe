"""How far an import is, as a bar on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.importing.source import Line

_LOOK_EVERY = 200
"""Lines between two looks at how far a file has been read."""


class ProgressBar(NamedTuple):
    """A bar on the terminal: `advance` takes how many more bytes were read, `end` takes it away."""

    advance: Callable[[int], None]
    end: Callable[[], None]


@contextmanager
def progress_bar(total: int) -> Iterator[ProgressBar]:
    """Show a bar over the bytes of all files, on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal or not total, transient=True) as progress:
        bar = progress.add_task("import", total=total)
        yield ProgressBar(lambda size: progress.advance(bar, size), progress.stop)


def watched(lines: Iterator[Line], position: Callable[[], int], advance: Callable[[int], None]) -> Iterator[Line]:
    """Yield the lines, while `advance` hears of the bytes that were read."""
    known = 0
    for line in lines:
        yield line
        if line.number % _LOOK_EVERY == 0:
            now = position()
            advance(now - known)
            known = now
    advance(position() - known)
