"""`queue`: what waits, and what becomes of hits that failed."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import click
import orjson

from tracker.cli import connections
from tracker.cli.options import json_option
from tracker.cli.output import note, print_fields, print_json, print_table
from tracker.diagnostics import queue_status
from tracker.management import failed_hits
from tracker.queueing.throughput import Throughput
from tracker.queueing.wakeup import wake_worker

_STREAM_COLUMNS = ("name", "waiting", "pending", "oldest_seconds", "next_due_seconds")
_WORKER_COLUMNS = ("name", "queues", "state", "hostname", "pid", "last_heartbeat")
_FAILED_COLUMNS = ("id", "processed_at", "app_id", "error_message")


T = TypeVar("T", bound=Callable[..., None])


def _choice(command: T) -> T:
    """Add the options that choose failed hits."""
    for option in (
        click.option("--app-id", metavar="ID", help="All of this application."),
        click.option("--reason", metavar="WORDS", help="All with these words in their reason."),
        click.option("--all", "everything", is_flag=True, help="All that have failed."),
    ):
        command = option(command)
    return command


@click.group()
def queue() -> None:
    """The queue between receivers and workers, and the hits that could not be stored."""


@queue.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show what waits in each stream, the retries, batch_queue by status, and the workers."""
    settings = connections.settings()
    with connections.database(settings) as database, connections.redis(settings) as redis:
        overview = queue_status.look(database, redis)
    streams = [_rounded(asdict(depth)) for depth in overview.streams]
    workers = [{**asdict(worker), "queues": list(worker.queues)} for worker in overview.workers]
    if as_json:
        print_json(
            {"streams": streams, **asdict(overview.throughput), "batch_queue": overview.batch_queue, "workers": workers}
        )
    else:
        print_table(_STREAM_COLUMNS, streams, empty="There are no streams.")
        click.echo(_pace(overview.throughput))
        click.echo()
        if overview.batch_queue is not None:
            counts = [{"batch_queue": name, "rows": count} for name, count in sorted(overview.batch_queue.items())]
            print_table(("batch_queue", "rows"), counts, empty="batch_queue holds nothing.")
        click.echo()
        for worker in workers:
            worker["queues"] = ", ".join(worker["queues"])
        print_table(_WORKER_COLUMNS, workers, empty="No workers have registered: start `python -m tracker worker`.")
    if overview.database_away is not None:
        note(f"batch_queue is not known: {overview.database_away}")
        sys.exit(1)


@queue.command()
@click.option("--app-id", metavar="ID", help="Of this application only.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most so many.")
@json_option
def failed(*, app_id: str | None, limit: int, as_json: bool) -> None:
    """List hits that failed for good, with the reason, the latest first."""
    with connections.database(connections.settings()) as database:
        rows = [_parsed(asdict(row)) for row in failed_hits.list_(database, limit=limit, app_id=app_id)]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            row["app_id"] = row["tracking_data"].get("app_id")
        print_table(_FAILED_COLUMNS, rows, empty="No hits have failed.")


@queue.command()
@click.argument("tracking_id", metavar="ID", type=click.UUID)
@json_option
def show(*, tracking_id: UUID, as_json: bool) -> None:
    """Show one hit by its tracking id: failed (with the reason), waiting, or stored."""
    settings = connections.settings()
    with connections.database(settings) as database, connections.redis(settings) as redis:
        hit = failed_hits.show(database, redis, tracking_id)
    values = {"tracking_id": tracking_id, "state": hit.state, "where": hit.where, **_parsed(hit.values)}
    if as_json:
        print_json(values)
    else:
        print_fields({name: value for name, value in values.items() if value is not None})


@queue.command()
@click.argument("tracking_ids", metavar="ID...", nargs=-1, type=click.UUID)
@_choice
@json_option
def retry(
    *, tracking_ids: tuple[UUID, ...], everything: bool, reason: str | None, app_id: str | None, as_json: bool
) -> None:
    """Send failed hits in again. Their rows go when they are stored, or say why they failed anew."""
    by_ids = _are_named(tracking_ids, everything, reason, app_id)
    settings = connections.settings()
    with connections.database(settings) as database, connections.queue(settings, database) as redis:
        ids = tracking_ids if by_ids else failed_hits.failed_ids(database, app_id=app_id, reason=reason)
        missing = failed_hits.retry(database, redis, ids, connections.clock(settings).now())
        wake_worker(redis, settings.rq_queue, drain_seconds=settings.drain_seconds)
    done = _without(ids, missing)
    if as_json:
        print_json({"sent_in_again": done, "not_failed": missing})
    else:
        click.echo(f"{len(done)} of {len(ids)} sent in again.")
    # Where they were not named, one that is gone was stored or discarded meanwhile: that is no mistake.
    _end_with(missing if by_ids else [])


@queue.command()
@click.argument("tracking_ids", metavar="ID...", nargs=-1, type=click.UUID)
@_choice
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def discard(
    *,
    tracking_ids: tuple[UUID, ...],
    everything: bool,
    reason: str | None,
    app_id: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Give failed hits up for good."""
    by_ids = _are_named(tracking_ids, everything, reason, app_id)
    with connections.database(connections.settings()) as database:
        ids = tracking_ids if by_ids else failed_hits.failed_ids(database, app_id=app_id, reason=reason)
        if ids and not yes:
            click.confirm(f"Give up {len(ids)} failed hits for good?", abort=True, err=True)
        missing = failed_hits.discard(database, ids)
    done = _without(ids, missing)
    if as_json:
        print_json({"discarded": done, "not_failed": missing})
    else:
        click.echo(f"{len(done)} of {len(ids)} discarded.")
    _end_with(missing if by_ids else [])


def _are_named(tracking_ids: Sequence[UUID], *choices: bool | str | None) -> bool:
    """Return whether the hits are named by their ids. Raises UsageError unless they are, or else are chosen."""
    if bool(tracking_ids) == any(choice not in (None, False) for choice in choices):
        raise click.UsageError("Name the hits by their ids, or choose: --all, --reason WORDS, --app-id ID.")
    return bool(tracking_ids)


def _without(tracking_ids: Sequence[UUID], missing: Sequence[UUID]) -> list[UUID]:
    gone = set(missing)
    return [tracking_id for tracking_id in tracking_ids if tracking_id not in gone]


def _end_with(missing: list[UUID]) -> None:
    for tracking_id in missing:
        note(f"No hit {tracking_id} has failed: `python -m tracker queue show {tracking_id}` says where it is.")
    if missing:
        sys.exit(1)


def _parsed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns with the payload as JSON, or as the text it is where it is none."""
    data = values.get("tracking_data")
    if isinstance(data, bytes):
        try:
            parsed = orjson.loads(data)
        except orjson.JSONDecodeError:
            parsed = None
        if not isinstance(parsed, dict):
            parsed = {"raw": data.decode(errors="backslashreplace")}
        values["tracking_data"] = parsed
    return values


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in values.items()}


def _pace(throughput: Throughput) -> str:
    rates = f"{throughput.hits_in_per_second:.1f} hits/s in, {throughput.hits_out_per_second:.1f} hits/s out"
    if throughput.seconds_to_drain is None:
        return f"{rates} over the last minutes: what waits does not become less."
    return f"{rates} over the last minutes: drained in {timedelta(seconds=round(throughput.seconds_to_drain))}."
