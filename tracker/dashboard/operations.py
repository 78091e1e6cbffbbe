"""For the operator: what waits, who works, what failed, and which months and webhooks need a look."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from flask import Response

from tracker.dashboard import ledger_panel, pace
from tracker.dashboard.pace import Pace
from tracker.dashboard.page import page
from tracker.dashboard.reason import without_values
from tracker.dashboard.services import DashboardServices, current_services
from tracker.dashboard.viewer import require_operator
from tracker.diagnostics import partition_overview
from tracker.errors import TryAgain
from tracker.instance import operator
from tracker.queueing.inspection import Depth, depths
from tracker.queueing.registered_workers import RegisteredWorker, are_suspended, registered_workers
from tracker.store import batch_jobs, batch_queue, leases, webhooks
from tracker.store.database import Database
from tracker.store.webhooks import WebhookRow

SAMPLE_SIZE: Final = 10_000
"""Failed entries, the last ones, that are counted by reason."""
_COUNTED: Final = 100_000
"""Entries up to which the failed ones, and those that wait for Redis, are counted."""
_MAX_REASONS: Final = 30
_MAX_WEBHOOKS: Final = 100
_JOBS_OF: Final = timedelta(hours=24)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """What Redis says."""

    streams: list[Depth]
    workers: list[RegisteredWorker]
    suspended: bool
    pace: Pace
    versions: Mapping[str, Mapping[str, int]]
    """How many processes of each kind run each version."""

    @property
    def waiting(self) -> int:
        return sum(stream.waiting + stream.pending for stream in self.streams)

    @property
    def oldest_seconds(self) -> float | None:
        return max(
            (stream.oldest_seconds for stream in self.streams if stream.oldest_seconds is not None), default=None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """What PostgreSQL says. `counts` go no further than one above _COUNTED; `disabled_count` is all of the disabled."""

    counts: Mapping[str, int]
    failed: list[dict[str, Any]]
    scheduler: str | None
    jobs: list[dict[str, Any]]
    months: list[date]
    problems: list[str]
    disabled: list[WebhookRow]
    disabled_count: int


def show() -> Response:
    """Return all of it; a server that is unavailable is said to be unavailable, and the other one's part is there."""
    require_operator()
    services = current_services()
    queue, queue_away = _unless_away(lambda: _queue(services))
    stored, stored_away = _unless_away(lambda: _stored(services))
    ledger, _ = _unless_away(lambda: ledger_panel.look(services))
    return page(
        "operations.html",
        ledger=ledger,
        queue=queue,
        queue_away=queue_away,
        stored=stored,
        stored_away=stored_away,
        looked_at=SAMPLE_SIZE,
        counted=_COUNTED,
        now=services.clock.now(),
    )


def failed_by_application(database: Database) -> Counter[str]:
    """Return how many of the last LOOKED_AT failed hits were each application's."""
    failed = Counter[str]()
    with database.transaction() as tx:
        for row in batch_queue.failed_summary(tx, looked_at=SAMPLE_SIZE):
            failed[row["app_id"]] += row["hits"]
    return failed


def _queue(services: DashboardServices) -> QueueView:
    redis = services.redis
    streams = depths(redis)
    return QueueView(
        streams=streams,
        workers=registered_workers(redis),
        suspended=are_suspended(redis),
        pace=pace.read(redis, streams),
        versions=operator.versions(redis),
    )


def _stored(services: DashboardServices) -> StoreView:
    now = services.clock.now()
    months = partition_overview.look(services.database, now)
    with services.database.transaction() as tx:
        counts = {status: batch_queue.count_at_most(tx, status, limit=_COUNTED + 1) for status in ("failed", "queued")}
        failed = batch_queue.failed_summary(tx, looked_at=SAMPLE_SIZE)
        scheduler = leases.holder(tx, leases.SCHEDULER)
        jobs = batch_jobs.summary(tx, now - _JOBS_OF)
        disabled = webhooks.disabled(tx, limit=_MAX_WEBHOOKS)
        disabled_count = sum(webhooks.count_disabled(tx).values())
    return StoreView(
        counts=counts,
        failed=_by_reason(failed),
        scheduler=scheduler,
        jobs=[{**job, "last_error": without_values(job["last_error"])} for job in jobs],
        months=sorted({partition.month.start for partition in months.partitions if partition.month is not None}),
        problems=[*months.problems],
        disabled=disabled,
        disabled_count=disabled_count,
    )


def _by_reason(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    hits, latest = Counter[tuple[str, str]](), dict[tuple[str, str], datetime]()
    for row in rows:
        place = row["app_id"] or "", without_values(row["reason"])
        hits[place] += row["hits"]
        latest[place] = max(filter(None, (latest.get(place), row["latest"])), default=None)  # type: ignore[assignment]
    return [
        {"app_id": app_id, "reason": reason, "hits": count, "latest": latest[app_id, reason]}
        for (app_id, reason), count in hits.most_common(_MAX_REASONS)
    ]


def _unless_away(read: Callable[[], T]) -> tuple[T | None, str]:
    """Return what is read, or why it cannot be: the sentence quotes no value."""
    try:
        return read(), ""
    except TryAgain as error:
        return None, str(error)
