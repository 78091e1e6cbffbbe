"""`demo`: everything started, hits sent over HTTP, what became of them as a table, everything stopped.

The table is not only shown but checked: the demo fails where a count is not what was sent.
"""

import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from tracker.application import Application
from tracker.clock import SystemClock
from tracker.demo import stack
from tracker.demo.hits import Sent, send_all, sendings
from tracker.demo.sender import HitSender
from tracker.demo.shop_visits import Visitors
from tracker.demo.webhook import Notified, notified, register, wait_until_notified
from tracker.demo.webhook_sink import WebhookSink
from tracker.errors import Never, TrackerError
from tracker.hit import identity_of
from tracker.management import applications
from tracker.store import batch_queue, totals
from tracker.store.database import Database

WORKERS = 2
_PROBES = 20
_STORED_SECONDS = 30.0
_NOTIFIED_SECONDS = 60.0
_POLL_SECONDS = 0.002
_LIMIT = 1_000_000
"""Hits a minute: the demo shows other things than the rate limit."""


class DemoFailed(Never):
    """The demo ran, and something was not as it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCounts:
    """What PostgreSQL holds in the end."""

    partitions: dict[str, int]
    sessions: int
    parameter_values: int
    refused_parameters: int
    failed: int
    counted: int
    """By the statistics."""

    @property
    def rows(self) -> int:
        return sum(self.partitions.values())


@dataclass(frozen=True, slots=True)
class Probe:
    """One hit that was waited for: how long until its row was visible, and in which partition."""

    sent: Sent
    tracking_id: UUID
    partition: str
    begun: float
    """When it was sent (monotonic)."""
    seconds: float


@click.command()
def demo() -> None:
    """Start everything, send hits, show what became of them, stop everything."""
    console = Console(highlight=False)
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="tracker-demo-"))
    try:
        sent, stored, probes, told = _run(console, folder)
        console.print(_table(sent, stored, probes, told))
        _check(sent, stored, told)
    except TrackerError:
        click.echo(f"The logs are in {folder}.", err=True)
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
    console.print(f"Every count is what was sent. Done in {time.monotonic() - started:.0f} s; nothing is left running.")


def _run(console: Console, folder: Path) -> tuple[list[Sent], StoredCounts, list[Probe], Notified]:
    """Start, send, wait, count, stop."""
    with (
        WebhookSink() as sink,
        stack.running(folder, workers=WORKERS, on_step=lambda step: console.print(f"… {step}")) as running,
    ):
        database = Database(running.database_url, name="demo")
        application, api_key = applications.create(
            database, name="Demo shop", app_id="demo-shop", rate_limit=_LIMIT, preset="ecommerce"
        )
        register(running, database, application, sink)
        sent = _send(console, running.url, application, api_key)
        stored = _wait_until_stored(database, running, application, sum(one.answer.code is None for one in sent))
        _wait_until_told(running, sink, stored)
        probes = [_probe(running.url, database, application, seed) for seed in range(_PROBES)]
        console.print("… waiting until all is counted and told")
        _wait_until_told(running, sink, _stored(database, application))
        stored = _wait_until_counted(database, running, application)
        told = notified(sink, [(probe.tracking_id, probe.begun) for probe in probes])
        database.close()
    return [*sent, *(probe.sent for probe in probes)], stored, probes, told


def _send(console: Console, url: str, application: Application, api_key: str) -> list[Sent]:
    what = sendings(application.app_id, api_key, SystemClock().now())
    columns = TextColumn("… {task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("sending hits", total=sum(len(sending.hits) for sending in what))
        if progress.disable:
            console.print("… sending hits")
        return send_all(url, what, lambda hits: progress.advance(task, hits))


def _wait_until_told(running: stack.Stack, sink: WebhookSink, stored: StoredCounts) -> None:
    """Wait until the webhook has been told of every stored hit and session; `_check` says what is missing."""
    wait_until_notified(sink, running.check, events=stored.rows + stored.sessions, seconds=_NOTIFIED_SECONDS)


def _wait_until_counted(database: Database, running: stack.Stack, application: Application) -> StoredCounts:
    """Wait until the statistics hold every hit, which the scheduler sees to every ten seconds."""
    deadline = time.monotonic() + _STORED_SECONDS
    while (stored := _stored(database, application)).counted < stored.rows and time.monotonic() < deadline:
        running.check()
        time.sleep(0.1)
    return stored


def _wait_until_stored(
    database: Database, running: stack.Stack, application: Application, accepted: int
) -> StoredCounts:
    deadline = time.monotonic() + _STORED_SECONDS
    while (stored := _stored(database, application)).rows + stored.failed < accepted:
        running.check()
        if time.monotonic() > deadline:
            raise DemoFailed(f"{accepted} hits were accepted, {stored.rows} were stored in {_STORED_SECONDS:.0f} s.")
        time.sleep(0.05)
    return stored


def _probe(url: str, database: Database, application: Application, seed: int) -> Probe:
    with HitSender(url) as sender:
        hit = Visitors(seed=1000 + seed).page_view(application.app_id)
        begun = time.monotonic()
        answer = sender.track(hit)
    tracking_id = answer.tracking_id
    if tracking_id is None:
        raise DemoFailed("A hit of the shop was refused.")
    hit_id, created_at = identity_of(tracking_id)
    while time.monotonic() < begun + _STORED_SECONDS:
        with database.transaction() as tx:
            partition = totals.partition_of(tx, hit_id, created_at)
        if partition is not None:
            return Probe(Sent(hit, None, answer), tracking_id, partition, begun, time.monotonic() - begun)
        time.sleep(_POLL_SECONDS)
    raise DemoFailed(f"Hit {tracking_id} was accepted and not stored in {_STORED_SECONDS:.0f} s.")


def _stored(database: Database, application: Application) -> StoredCounts:
    with database.transaction() as tx:
        return StoredCounts(
            partitions=totals.hits_by_partition(tx, application.id),
            sessions=totals.sessions(tx, application.id),
            parameter_values=totals.parameter_values(tx, application.id),
            refused_parameters=totals.refused_parameters(tx, application.id),
            failed=batch_queue.count_by_status(tx).get("failed", 0),
            counted=totals.counted(tx, application.id),
        )


def _table(sent: Sequence[Sent], stored: StoredCounts, probes: Sequence[Probe], told: Notified) -> Table:
    refused = Counter(one.answer.code for one in sent if one.answer.code is not None)
    waits = [probe.seconds * 1000 for probe in probes]
    table = Table(title="What became of the hits", title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("sent", str(len(sent)), "single hits, pixels, a batch, and some that must be refused")
    table.add_row("accepted", str(len(sent) - refused.total()), "")
    table.add_row(
        "refused", str(refused.total()), ", ".join(f"{code} {count}" for code, count in refused.most_common())
    )
    table.add_section()
    for partition, rows in stored.partitions.items():
        table.add_row("stored", str(rows), f"rows in {partition}")
    table.add_row("failed", str(stored.failed), "in batch_queue")
    table.add_row("sessions", str(stored.sessions), "")
    table.add_row("parameters", str(stored.parameter_values), "values of the parameters that a shop has defined")
    table.add_row("", str(stored.refused_parameters), "refused: a price that is no number; dropped, the hit stored")
    table.add_row("aggregated", str(stored.counted), "hits in the statistics of hours and days")
    table.add_section()
    table.add_row("notified", str(told.hits), "hits told to a webhook, each signature verified")
    table.add_row("", str(told.sessions), "beginnings of sessions")
    table.add_section()
    table.add_row(
        "hit to row",
        f"{statistics.median(waits):.0f} ms",
        f"median of {len(waits)} one by one; the slowest {max(waits):.0f} ms",
    )
    table.add_row("hit to webhook", f"{told.median:.0f} ms", f"median; the slowest {max(told.milliseconds):.0f} ms")
    table.add_row("for instance", "", f"{probes[0].tracking_id} found in {probes[0].partition}")
    return table


def _check(sent: Sequence[Sent], stored: StoredCounts, told: Notified) -> None:
    """Hold what is stored and told against what was sent; DemoFailed names everything that differs."""
    accepted = [one.hit for one in sent if one.answer.code is None]
    parameters = [(key, value) for hit in accepted for key, value in hit["custom_params"].items()]
    bad = sum(key == "product_price" and isinstance(value, str) for key, value in parameters)
    checks = {
        "stored rows": (stored.rows, len(accepted)),
        "failed hits": (stored.failed, 0),
        "sessions": (stored.sessions, len({hit["session_id"] for hit in accepted})),
        "parameter values": (stored.parameter_values, len(parameters) - bad),
        "refused parameters": (stored.refused_parameters, bad),
        "aggregated hits": (stored.counted, len(accepted)),
        "hits told to the webhook": (told.hits, len(accepted)),
        "sessions told to the webhook": (told.sessions, stored.sessions),
        "deliveries with a wrong signature": (told.unsigned, 0),
        "answers as expected": (sum(one.answer.code == one.expected for one in sent), len(sent)),
    }
    wrong = [f"{what}: {seen}, not {due}" for what, (seen, due) in checks.items() if seen != due]
    if wrong:
        raise DemoFailed(f"Not as sent: {'; '.join(wrong)}.")
