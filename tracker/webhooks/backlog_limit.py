"""One turn of looking for how many webhooks too much waits, and of helping those whose endpoint is back out of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from tracker.clock import Clock
from tracker.log import logger
from tracker.store import webhook_backlogs
from tracker.store.database import Database

PROBED_EVERY: Final = timedelta(minutes=1)
"""So often an endpoint that fails is tried, while what comes for it is not."""
_BATCH_SIZE: Final = 20
"""Webhooks a transaction: at the default limit each takes 20 ms to be counted (measured)."""
_PER_WEBHOOK: Final = 5000
_BROUGHT_FORWARD: Final = 10_000
"""Deliveries of a webhook, and of all: about what the sender sends in the five seconds until the next turn."""

_log = logger(__name__)


def note_backlogs(
    database: Database, clock: Clock, *, limit: int, should_continue: Callable[[], bool] = lambda: True
) -> int:
    """Note where more than `limit` deliveries wait, and where half of that is left; how many webhooks that changed.

    What is written for such a webhook is written as failed, by a look at its row that writing takes anyway; nobody
    counts there. An endpoint that fails is probed, and once it answers again it gets what waits at once: otherwise new
    deliveries would fail until the last retries have come, a day later. A limit of 0 is none. Raises
    DatabaseUnavailable.
    """
    with database.transaction() as tx:
        if not limit:
            return webhook_backlogs.forget(tx)
        waiting = webhook_backlogs.expecting(tx)
    changed = 0
    for first in range(0, len(waiting), _BATCH_SIZE):
        if not should_continue():
            return changed
        with database.transaction() as tx:
            some = waiting[first : first + _BATCH_SIZE]
            room_below = webhook_backlogs.room_below(limit)
            backlogs = webhook_backlogs.note(tx, some, full_above=limit, room_below=room_below, now=clock.now())
        for backlog in backlogs:
            if backlog.is_full:
                _log.warning("webhook has too many waiting, new deliveries fail", webhook=str(backlog.id), limit=limit)
            else:
                _log.info("webhook has room again", webhook=str(backlog.id))
        changed += len(backlogs)
    _help_out(database, clock)
    return changed


def _help_out(database: Database, clock: Clock) -> None:
    now = clock.now()
    with database.transaction() as tx:
        webhook_backlogs.probe(tx, silent_since=now - PROBED_EVERY, now=now)
        webhook_backlogs.bring_forward(tx, now=now, per_webhook=_PER_WEBHOOK, limit=_BROUGHT_FORWARD)
