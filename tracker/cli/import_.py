"""`import`: logs of before, or of servers that do not speak HTTP to us."""

import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace as replace_fields
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Final, get_args

import click

from tracker.application_settings import IP_ANONYMIZATION
from tracker.cli import connections
from tracker.cli.following import STATE_HELP, check_follow, follow_logs, until_a_signal
from tracker.cli.import_progress import progress_bar, watched
from tracker.cli.import_report import MAX_SHOWN, report
from tracker.cli.imports import SubcommandsBesideFiles
from tracker.cli.old_lines import OldLines
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import note
from tracker.cli.replacing import replacing, wait_for_earlier
from tracker.config import Settings
from tracker.errors import Refused
from tracker.importing.escapes import ESCAPES
from tracker.importing.formats import reader_of
from tracker.importing.json_lines import MAPPABLE
from tracker.importing.kept_period import kept_since
from tracker.importing.known_lines import KnownLines
from tracker.importing.log_record import AddressFrom, ReadingRules
from tracker.importing.run import Import
from tracker.importing.runs import ImportRuns
from tracker.importing.source import opened as opened_log
from tracker.importing.source import size_of, source_of
from tracker.importing.summary import Summary
from tracker.management import applications
from tracker.privacy.anonymization import Anonymization
from tracker.privacy.places import Places
from tracker.queueing.wakeup import wake_worker
from tracker.store import partition_making, partitions, retention_state
from tracker.time_zones import time_zone
from tracker.wiring.importing import destinations

_SWITCH_SECONDS: Final = 0.0002


@click.command("import", cls=SubcommandsBesideFiles)
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
@click.option("--replace", is_flag=True, help="Write lines anew that are stored otherwise than they are read now.")
@click.option("--follow", is_flag=True, help="Go on with what is written to FILEs (patterns too), through rotations.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help=STATE_HELP)
@click.option("--wait", is_flag=True, help="Wait until the workers have taken what could not be stored at once.")
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
    replace: bool,
    follow: bool,
    state: Path | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Store the lines of FILEs, plain or packed, or of standard input (-), with the times that they name.

    A line of a log is stored once however often it is imported: it is known by the log's name, its text, and its
    place among the equal lines of the log. The name is the file's base name without what rotation and packing add to
    it, unless --source says another. So an import that was broken off is taken up by running it again, and
    `import access.log access.log.1` may be run daily. With --follow it goes
    on, from the place where it stopped, until SIGTERM or Ctrl-C ends it.

    `import list` shows what was imported, `import undo` takes a log's hits out again, and --replace writes lines anew
    that were read wrong.
    """
    check_follow(files, follow=follow, state=state, wait=wait, replace=replace)
    _check_sources(() if follow else files, source)
    rules = ReadingRules(address_from=address_from, zone=_zone(zone))
    reader = partial(reader_of, format_, rules=rules, names=_names(map_), escape=escape)
    reader()  # What is wrong with a format is said before anything is asked of a server.
    sizes = {} if follow else {file: size_of(file) for file in files}
    settings = connections.settings()
    # The thread that writes waits for PostgreSQL at each step: it has the interpreter back at once, not after 5 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)
    started, clock = time.monotonic(), connections.clock(settings)
    summary = Summary(keep=None if as_json and not follow else MAX_SHOWN)
    damage = None
    with (
        connections.database(settings) as database,
        connections.queue(settings, database) as redis,
        progress_bar(sum(size or 0 for size in sizes.values())) as bar,
        ExitStack() as opened,
    ):
        application = applications.find_for_hits(database, app_id)
        with database.transaction() as tx:
            running_months = retention_state.running_months(tx)
        if replace:
            wait_for_earlier(settings, redis, clock)
        runs = ImportRuns(database, application.id, clock)
        pause = opened.enter_context(until_a_signal()) if follow else time.sleep
        to = opened.enter_context(destinations(settings, redis, clock, tell=note, pause=pause))
        work = Import(
            application=application,
            period=kept_since(clock.now().date(), settings.retention_months),
            destination=to.writer,
            prepare_month=partial(_prepare_month, settings),
            clock=clock,
            import_id=runs.import_id,
            count_filtered=runs.count_filtered,
            scheduler_keeps=kept_since(clock.now().date(), running_months) if running_months else None,
            ask_about_old=OldLines(running_months or 0, yes=yes, may_ask="-" not in files, on_question=bar.end),
            include_bots=include_bots,
            anonymize_ip=anonymize_ip,
            places=Places(settings.geoip_file),
            force=force,
            any_host=any_host,
            pieces_follow=source is None,
        )
        if follow:
            follow_logs(
                settings,
                runs,
                redis,
                work,
                files=files,
                source=source,
                reader=reader,
                summary=summary,
                state=state,
                pause=pause,
            )
        rewrite = replacing(settings, to.database, redis, clock, application) if replace else None
        work = replace_fields(work, sift=KnownLines(to.database, rewrite, takes_filtered=include_bots or any_host).sift)
        for file in () if follow else files:
            name, before = source or source_of(file), summary.counts()
            try:
                with opened_log(file) as log:
                    run = runs.begin(name, file)
                    lines = watched(log.lines, log.position, bar.advance) if sizes[file] else log.lines
                    work.take(lines, reader(), file=file, source=name, summary=summary, may_grow=log.may_grow)
                    run.counts += summary.counts() - before
                    run.note()
            except Refused as error:
                damage = error
                break
        wake_worker(redis, settings.rq_queue, drain_seconds=settings.drain_seconds)
        to.queue.publish()
        if wait:
            to.queue.wait_until_taken()
    report(summary, time.monotonic() - started, as_json=as_json)
    if damage is not None:
        raise damage
    if summary.lines and not (summary.queued or summary.known or summary.replaced or summary.bots or follow):
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


def _zone(name: str | None) -> tzinfo | None:
    try:
        return time_zone(name) if name else None
    except ValueError as error:
        raise click.UsageError(f"--timezone {name!r} is no time zone (such as Europe/Berlin or UTC).") from error


def _names(pairs: tuple[str, ...]) -> dict[str, str]:
    names = dict(pair.partition("=")[::2] for pair in pairs)
    for field, name in names.items():
        if field not in MAPPABLE or not name:
            raise click.UsageError(f"--map takes FIELD=NAME, where FIELD is one of {', '.join(MAPPABLE)}.")
    return names


def _prepare_month(settings: Settings, month_of: datetime) -> None:
    """Make a month before its first line is stored: what writes hits runs no DDL."""
    partition_making.create(settings.database_maintenance_url, [partitions.Month.of(month_of)], on_step=note)
