"""Waiting for an application's first hit: whether it is there, and if not, what may be wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tracker.application import Application, ApplicationIdentity
from tracker.dashboard.services import DashboardServices
from tracker.errors import TryAgain
from tracker.queueing import filtered
from tracker.queueing.inspection import depths
from tracker.queueing.registered_workers import are_suspended, registered_workers
from tracker.store import batch_queue, filtered_hits, latest_hits, leases

_LEFT_OUT_OF: Final = timedelta(hours=24)
_FAILED_LOOKED_AT: Final = 20


@dataclass(slots=True, kw_only=True)
class FirstHit:
    """A hit that is stored, or what is known of why none is. `left_out` counts those of the last day by reason.

    `problems` are names of texts; `waiting` hits of all applications wait in the queue; `failed` ones of this
    application have failed.
    """

    stored: dict[str, Any] | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    waiting: int = 0
    failed: int = 0


def look(services: DashboardServices, application: Application, now: datetime) -> FirstHit:
    """Look at all places where a hit may be, or be held up. A server that is away is a problem of its own."""
    first_hit = FirstHit()
    if application.status != "active":
        first_hit.problems.append("inactive")
    _unless_away(first_hit, "redis_away", lambda: _look_at_redis(services, application, first_hit))
    _unless_away(first_hit, "postgres_away", lambda: _look_at_postgres(services, application, now, first_hit))
    return first_hit


def _look_at_redis(services: DashboardServices, application: Application, first_hit: FirstHit) -> None:
    redis = services.redis
    if not registered_workers(redis):
        first_hit.problems.append("no_workers")
    elif are_suspended(redis):
        first_hit.problems.append("suspended")
    first_hit.waiting = sum(depth.waiting + depth.pending for depth in depths(redis))
    for counted in filtered.not_stored_yet(redis, application.id):
        if not counted.reason.islower() or counted.reason == filtered_hits.ACCEPTED:
            continue  # Those are for the ledger.
        first_hit.left_out[counted.reason] = first_hit.left_out.get(counted.reason, 0) + counted.hits


def _look_at_postgres(
    services: DashboardServices, application: Application, now: datetime, first_hit: FirstHit
) -> None:
    with services.database.transaction() as tx:
        first_hit.stored = latest_hits.any_of(tx, ApplicationIdentity(application.id, application.app_id))
        for reason, hits in filtered_hits.sums(tx, application.id, now - _LEFT_OUT_OF, now).items():
            first_hit.left_out[reason] = first_hit.left_out.get(reason, 0) + hits
        failed = batch_queue.failed_reasons(tx, limit=_FAILED_LOOKED_AT, app_id=application.app_id)
        first_hit.failed = len(failed)
        if leases.holder(tx, leases.SCHEDULER) is None:
            first_hit.problems.append("no_scheduler")


def _unless_away(first_hit: FirstHit, problem: str, look_at: Callable[[], None]) -> None:
    try:
        look_at()
    except TryAgain:
        first_hit.problems.append(problem)
