"""`import`: logs of before, or of servers that do not speak HTTP to us, through the same queue as every hit."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.application_settings import IP_ANONYMIZATION
from tracker.cli import connections
from tracker.cli.old_lines import OldLines
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import note, print_json
from tracker.clock import Clock
from tracker.config import Settings
from tracker.errors import Refused
from tracker.importing.escapes import ESCAPES
from tracker.importing.formats import reader_of
from tracker.importing.json_lines import MAPPABLE
from tracker.importing.log_record import AddressFrom, ReadingRules
from tracker.importing.paced_queue import PacedQueue
from tracker.importing.run import Import, kept_since
from tracker.importing.source import Line, opened, size_of, source_of
from tracker.importing.summary import BadLine, Summary
from tracker.management import applications
from tracker.privacy.anonymization import Anonymization
from tracker.queueing.connection import Connection
from tracker.queueing.nudges import nudge
from tracker.store import partition_making, partitions, retention_state
from tracker.wiring.metrics import untold_metrics

_SHOWN = 1000
"""Bad lines of a kind whose reasons are looked at for a person."""
_KINDS = {"page": "of pages", "asset": "of assets", "error": "answered with errors", "request": "of no page"}
_LOOK_EVERY = 200
"""Lines between two looks at how far a file has been read."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@app_id_option
@click.option(
    "--format",
    "format_",
    metavar="NAME|'FORMAT STRING'",
    help="A known format or the server's own format string; without this, each line's is found out.",
)
@click.option("--source", metavar="NAME", help="The log's name, which tells its lines from another's; see below.")
@click.option("--include-bots", is_flag=True, help="Take hits of bots too; without this they are left out, counted.")
@click.option(
    "--anonymize-ip",
    type=click.Choice(IP_ANONYMIZATION.choices),
    default="none",
    show_default=True,
    help="What is left of addresses: all, the network, nothing.",
)
@click.option(
    "--address-from",
    type=click.Choice(get_args(AddressFrom)),
    default="leftmost-public",
    show_default=True,
    help="Which of several addresses is the visitor's; `forwarded` takes an appended X-Forwarded-For first.",
)
@click.option("--map", "map_", multiple=True, metavar="FIELD=NAME", help="Where a field of JSON lines stands.")
@click.option(
    "--escape", type=click.Choice(list(ESCAPES)), help="What the server escapes, where --format does not say it."
)
@click.option("--timezone", "zone", metavar="ZONE", help="The time zone of the log's times, whatever offset they have.")
@click.option("--any-host", is_flag=True, help="Take requests for other sites than the application's domain too.")
@click.option("--force", is_flag=True, help="Take a log in which most lines have no visitor's address.")
@click.option("--yes", is_flag=True, help="Do not ask where lines are older than the running scheduler keeps.")
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
    address_from: AddressFrom,
    map_: tuple[str, ...],
    escape: str | None,
    zone: str | None,
    any_host: bool,
    force: bool,
    yes: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Queue the lines of FILEs, plain or packed, or of standard input (-), with the times that they name.

    A line of a log is stored once however often it is imported: it is known by the log's name, its text, and its
    place among the equal lines of the log. The name is the file's base name without what rotation and packing add to
    it, unless --source says another. So an import that was broken off is taken up by running it again, and
    `import access.log access.log.1` may be run daily.
    """
    _check_sources(files, source)
    rules = ReadingRules(address_from=address_from, zone=_zone(zone))
    reader = partial(reader_of, format_, rules=rules, names=_names(map_), escape=escape)
    reader()  # What is wrong with a format is said before anything is asked of a server.
    sizes = {file: size_of(file) for file in files}
    settings = connections.settings()
    started, clock = time.monotonic(), connections.clock(settings)
    summary = Summary(keep=None if as_json else _SHOWN)
    damage = None
    with connections.database(settings) as database:
        application = applications.find_for_hits(database, app_id)
        with database.transaction() as tx:
            running_months = retention_state.running_months(tx)
        with connections.queue(settings, database):
            pass  # Only compared: an import may take hours, and needs no connection to PostgreSQL all that time.
    with connections.redis(settings) as redis, _progress(sum(size or 0 for size in sizes.values())) as bar:
        queue = _queue(settings, redis, clock)
        work = Import(
            application=application,
            period=kept_since(clock.now().date(), settings.retention_months),
            queue=queue,
            prepare_month=partial(_prepare_month, settings),
            clock=clock,
            max_retries=settings.max_retries,
            scheduler_keeps=kept_since(clock.now().date(), running_months) if running_months else None,
            ask_about_old=OldLines(running_months or 0, yes=yes, may_ask="-" not in files, on_question=bar.end),
            include_bots=include_bots,
            anonymize_ip=anonymize_ip,
            force=force,
            any_host=any_host,
            pieces_follow=source is None,
        )
        for file in files:
            try:
                with opened(file) as log:
                    lines = _watched(log.lines, log.position, bar.advance) if sizes[file] else log.lines
                    name = source or source_of(file)
                    work.take(lines, reader(), file=file, source=name, summary=summary, may_grow=log.may_grow)
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
    """Two logs of one name would be taken for the same, so that equal lines of theirs would count once."""
    if source is not None:
        return
    places: dict[str, set[str]] = {}
    for file in files:
        places.setdefault(source_of(file), set()).add(str(Path(file).parent))
    repeated = [name for name, folders in places.items() if len(folders) > 1]
    repeated += [file for file, count in Counter(files).items() if count > 1]
    if repeated:
        raise click.UsageError(
            f"Several files are called {repeated[0]}: import them one by one, each with a --source of its own "
            "(or all with the same --source, where they are pieces of one log)."
        )


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.UsageError(f"--timezone {name!r} is no time zone (such as Europe/Berlin or UTC).") from error


def _names(pairs: tuple[str, ...]) -> dict[str, str]:
    names = dict(pair.partition("=")[::2] for pair in pairs)
    for field, name in names.items():
        if field not in MAPPABLE or not name:
            raise click.UsageError(f"--map takes FIELD=NAME, where FIELD is one of {', '.join(MAPPABLE)}.")
    return names


def _queue(settings: Settings, redis: Connection, clock: Clock) -> PacedQueue:
    return PacedQueue(
        redis,
        nudge=lambda: nudge(redis, settings.rq_queue, drain_seconds=settings.drain_seconds),
        tell=note,
        clock=clock,
        pause=time.sleep,
        publish=untold_metrics(redis).flush,
    )


def _prepare_month(settings: Settings, month_of: datetime) -> None:
    """Workers run no DDL: a month is made here before its first line is queued."""
    partition_making.create(settings.database_maintenance_url, [partitions.Month.of(month_of)], on_step=note)


class _Bar(NamedTuple):
    """A bar on the terminal: `advance` takes how many more bytes were read, `end` takes it away."""

    advance: Callable[[int], None]
    end: Callable[[], None]


@contextmanager
def _progress(total: int) -> Iterator[_Bar]:
    """A bar over the bytes of all files, on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal or not total, transient=True) as progress:
        bar = progress.add_task("import", total=total)
        yield _Bar(lambda size: progress.advance(bar, size), progress.stop)


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
                "other_hosts": summary.other_hosts,
                "malformed": summary.malformed_count,
                "refused": summary.refused_count,
                "without_address": summary.no_address.count,
                "without_user_agent": summary.no_user_agent.count,
                "kinds": dict(summary.kinds),
                "formats": dict(summary.formats),
                "unread_fields": sorted(summary.unread),
                "unfinished": summary.unfinished,
                "seconds": round(seconds, 3),
                "malformed_lines": [asdict(bad) for bad in summary.malformed],
                "refused_lines": [asdict(bad) for bad in summary.refused],
            }
        )
        return
    left_out = f"{summary.bots} of bots left out, " if summary.bots else ""
    left_out += f"{summary.other_hosts} for other hosts left out, " if summary.other_hosts else ""
    click.echo(
        f"{summary.lines} lines: {summary.queued} queued, {left_out}{summary.malformed_count} malformed, "
        f"{summary.refused_count} refused, in {seconds:.1f} seconds."
    )
    _say_what_was_read(summary)
    _list("malformed", summary.malformed, summary.malformed_count)
    _list("refused", summary.refused, summary.refused_count)


def _say_what_was_read(summary: Summary) -> None:
    if summary.formats:
        note("formats: " + ", ".join(f"{name} ({count})" for name, count in summary.formats.most_common()))
    if summary.kinds.keys() - {"page"}:
        note("requests: " + ", ".join(f"{count} {_KINDS[kind]}" for kind, count in summary.kinds.most_common()))
    if summary.unread:
        note("not read: " + ", ".join(sorted(summary.unread)))
    for missing, what in ((summary.no_address, "address"), (summary.no_user_agent, "user agent")):
        if missing.count:
            note(f"{missing.count} of {summary.lines} lines had no {what}, the first is {missing.first}")
    for file in summary.unfinished:
        note(f"the last line of {file} has no end yet: it waits for the next run")


def _list(kind: str, bad_lines: list[BadLine], count: int) -> None:
    """Each reason once: with its first line, and how many more of the lines that were kept have it."""
    reasons: dict[str, list[BadLine]] = {}
    for bad in bad_lines:
        reasons.setdefault(bad.reason, []).append(bad)
    for reason, (first, *others) in reasons.items():
        more = f" (and {len(others)} more)" if others else ""
        note(f"{kind}: {first.file} line {first.line}: {reason}{more}")
    if count > len(bad_lines):
        note(f"{kind}: and {count - len(bad_lines)} more; --json lists them all")
