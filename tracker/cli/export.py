"""`export`: the hits of an application, into a file or a pipe."""

import os
import stat
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.cli import connections
from tracker.cli.options import app_id_option
from tracker.cli.output import note
from tracker.cli.reading_options import filter_of, param_option, period_of, period_options
from tracker.cli.terminal import visible
from tracker.reading.export import export as begin
from tracker.reading.export import gzipped
from tracker.reading.export_lines import FORMATS, Format


@click.command()
@app_id_option
@period_options
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="csv", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; without it, standard output.")
@click.option("--gzip", is_flag=True, help="Compress.")
@param_option
@click.option("--event-name", metavar="NAME", help="Only hits of this event.")
@click.option("--session-id", metavar="ID", help="Only hits of this session.")
@click.option("--client-sub-id", metavar="ID", help="Only hits of this visitor.")
@click.option("--no-custom-params", is_flag=True, help="Leave the custom parameters out.")
def export(
    *,
    app_id: str,
    first: datetime | None,
    last: datetime | None,
    format_: Format,
    output: Path | None,
    gzip: bool,
    params: tuple[tuple[str, object], ...],
    event_name: str | None,
    session_id: str | None,
    client_sub_id: str | None,
    no_custom_params: bool,
) -> None:
    """Export the hits of some days as CSV or as lines of JSON, in the order of their times.

    A file gets its name when it is complete. In a CSV an apostrophe stands wherever a spreadsheet could take a value,
    or a part of it, for a formula. On a terminal characters that nobody would see are shown as escapes.
    """
    if gzip and output is None and sys.stdout.isatty():
        raise click.UsageError(
            "A terminal does not show compressed data: say --output, or send it to a file or a pipe."
        )
    with connections.reading(connections.settings()) as database, _Progress() as progress:
        exported = begin(
            database,
            app_id=app_id,
            period=period_of(first, last),
            format_=format_,
            custom_params=filter_of(params),
            include_custom_params=not no_custom_params,
            event_name=event_name,
            session_id=session_id,
            client_sub_id=client_sub_id,
            on_rows=progress.advance,
        )
        progress.expect(exported.counted)
        _write(gzipped(exported.chunks) if gzip else exported.chunks, output)
    note(f"{progress.hits} {'hit' if progress.hits == 1 else 'hits'} exported.")


def _write(chunks: Iterable[bytes], output: Path | None) -> None:
    if output is None:
        _print(chunks)
        return
    try:
        if (opened := _opened(output)) is None:
            _replace(Path(os.path.realpath(output)), chunks)
        else:
            with opened as file:
                file.writelines(chunks)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error


def _opened(output: Path) -> BinaryIO | None:
    """Open what another file in its place would not be: a pipe, a device, or a file that is our standard output."""
    try:
        state = output.stat()
    except FileNotFoundError:
        return None
    for number in (1, 2):
        if os.path.samestat(state, os.fstat(number)):
            # Where it has come to: what the shell has written before stays, and what it writes after comes behind.
            sys.stdout.flush()
            return os.fdopen(os.dup(number), "wb")
    return None if stat.S_ISREG(state.st_mode) else output.open("wb")


def _replace(output: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that takes the other's place once it is whole."""
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(chunks)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _print(chunks: Iterable[bytes]) -> None:
    """Write to standard output: the bytes as they are, but on a terminal what its reader sees of them."""
    is_terminal = sys.stdout.isatty()
    for chunk in chunks:
        # Each chunk is of whole lines.
        shown = visible(chunk.decode().replace("\r\n", "\n"), is_one_line=False).encode() if is_terminal else chunk
        sys.stdout.buffer.write(shown)
    sys.stdout.buffer.flush()


class _Progress:
    """A bar over the hits, on a terminal, and how many there were."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (
            TextColumn("exporting"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("hits"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._bar = self._progress.add_task("exporting", total=None)
        self.hits = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, hits: int) -> None:
        """Say how many there will be; with a filter, at most."""
        self._progress.update(self._bar, total=hits or None)

    def advance(self, hits: int) -> None:
        self.hits += hits
        self._progress.update(self._bar, completed=self.hits)
