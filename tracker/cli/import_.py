"""`import`: logs of before, or of servers that do not speak HTTP to us, through the same queue as every hit."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.application_settings import IP_ANONYMIZATION
from tracker.cli import connections
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import note, print_json
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.errors import Refused
from tracker.importing.formats import FORMATS, DetectedFormat
from tracker.importing.paced_queue import PacedQueue
from tracker.importing.run import BadLine, Import, Summary, kept_since
from tracker.importing.source import Line, opened, size_of, source_of
from tracker.management import applications
from tracker.privacy import Anonymization
from tracker.queueing.connection import Connection
from tracker.queueing.nudges import nudge
from tracker.store import partition_making, partitions

_SHOWN = 20
_LOOK_EVERY = 200
"""Lines between two looks at how far a file has been read."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@app_id_option
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), help="Without this, each file's is found out.")
@click.option("--source", metavar="NAME", help="The log's name, which tells its lines from another's; see below.")
@click.option("--include-bots", is_flag=True, help="Take hits of bots too; without this they are left out, counted.")
@click.option(
    "--anonymize-ip",
    type=click.Choice(IP_ANONYMIZATION.choices),
    default="none",
    show_default=True,
    help="What is left of addresses: all, the network, nothing.",
)
@click.option("--wait", is_flag=True, help="Wait until the workers have taken everything.")
@json_option
def import_(
    *,
    files: tuple[str, ...],
    app_id: str,
    format_: str | None,
    source: str | None,
    include_bots: bool,
    anonymize_ip: Anonymization,
    wait: bool,
    as_json: bool,
) -> None:
    """Queue the lines of FILEs, plain or gzip, or of standard input (-), with the times that they name.

    A line of a log is stored once however often it is imported: it is known by the log's name, its text, and its
    place among the equal lines of the log. The name is the file's base name without .gz, unless --source says another.
    So an import that was broken off is taken up by running it again.
    """
    _check_sources(files, source)
    sizes = {file: size_of(file) for file in files}
    settings = connections.settings()
    started = time.monotonic()
    summary = Summary(keep=None if as_json else _SHOWN)
    damage = None
    with connections.database(settings) as database:
        application = applications.find_for_hits(database, app_id)
    with connections.redis(settings) as redis, _progress(sum(size or 0 for size in sizes.values())) as advance:
        queue = _queue(settings, redis)
        work = Import(
            application=application,
            period=kept_since(SystemClock().now().date(), settings.retention_months),
            queue=queue,
            prepare_month=partial(_prepare_month, settings),
            clock=SystemClock(),
            max_retries=settings.max_retries,
            include_bots=include_bots,
            anonymize_ip=anonymize_ip,
        )
        for file in files:
            parse = FORMATS[format_] if format_ else DetectedFormat()
            try:
                with opened(file) as log:
                    lines = _watched(log.lines, log.position, advance) if sizes[file] else log.lines
                    work.take(lines, parse, file=file, source=source or source_of(file), summary=summary)
            except Refused as error:
                damage = error
                break
        nudge(redis, settings.rq_queue, drain_seconds=settings.drain_seconds)
        if wait:
            queue.wait_until_taken()
    _report(summary, time.monotonic() - started, as_json=as_json)
    if damage is not None:
        raise damage
    if summary.lines and not summary.queued and not summary.bots:
        sys.exit(1)


def _check_sources(files: tuple[str, ...], source: str | None) -> None:
    """Two files of one name would be taken for the same log, so that equal lines of theirs would count once."""
    if source is None:
        repeated = [name for name, count in Counter(map(source_of, files)).items() if count > 1]
        if repeated:
            raise click.UsageError(
                f"Several files are called {repeated[0]}: import them one by one, each with a --source of its own "
                "(or all with the same --source, where they are pieces of one log)."
            )


def _queue(settings: Settings, redis: Connection) -> PacedQueue:
    return PacedQueue(
        redis,
        nudge=lambda: nudge(redis, settings.rq_queue, drain_seconds=settings.drain_seconds),
        tell=note,
        clock=SystemClock(),
        pause=time.sleep,
    )


def _prepare_month(settings: Settings, month_of: datetime) -> None:
    """Workers run no DDL: a month is made here before its first line is queued."""
    partition_making.create(settings.database_maintenance_url, [partitions.Month.of(month_of)], on_step=note)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar over the bytes of all files, on a terminal; the function that it yields takes how many more were read."""
    console = Console(stderr=True)
    columns = (TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal or not total, transient=True) as progress:
        bar = progress.add_task("import", total=total)
        yield lambda size: progress.advance(bar, size)


def _watched(lines: Iterator[Line], position: Callable[[], int], advance: Callable[[int], None]) -> Iterator[Line]:
    """The lines, while `advance` hears of the bytes that were read."""
    known = 0
    for line in lines:
        yield line
        if line.number % _LOOK_EVERY == 0:
            now = position()
            advance(now - known)
            known = now
    advance(position() - known)


def _report(summary: Summary, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "lines": summary.lines,
                "queued": summary.queued,
                "bots": summary.bots,
                "malformed": summary.malformed_count,
                "refused": summary.refused_count,
                "seconds": round(seconds, 3),
                "malformed_lines": [asdict(bad) for bad in summary.malformed],
                "refused_lines": [asdict(bad) for bad in summary.refused],
            }
        )
        return
    bots = f"{summary.bots} of bots left out, " if summary.bots else ""
    click.echo(
        f"{summary.lines} lines: {summary.queued} queued, {bots}{summary.malformed_count} malformed, "
        f"{summary.refused_count} refused, in {seconds:.1f} seconds."
    )
    _list("malformed", summary.malformed, summary.malformed_count)
    _list("refused", summary.refused, summary.refused_count)


def _list(kind: str, bad_lines: list[BadLine], count: int) -> None:
    for bad in bad_lines:
        note(f"{kind}: {bad.file} line {bad.line}: {bad.reason}")
    if count > len(bad_lines):
        note(f"{kind}: and {count - len(bad_lines)} more; --json lists them all")
