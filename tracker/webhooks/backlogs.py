"""One turn of looking for how many webhooks too much waits, and for which no longer."""

from collections.abc import Callable
from typing import Final

from tracker.clock import Clock
from tracker.log import logger
from tracker.store import webhook_backlogs
from tracker.store.database import Database

_AT_A_TIME: Final = 20
"""Webhooks a transaction: at the default limit each takes 20 ms to be counted (measured)."""

_log = logger(__name__)


def note_backlogs(database: Database, clock: Clock, *, limit: int, go_on: Callable[[], bool] = lambda: True) -> int:
    """Note where more than `limit` deliveries wait, and where half of that is left; how many webhooks that changed.

    What is written for such a webhook is written as failed, by a look at its row that writing takes anyway; nobody
    counts there. A limit of 0 is none. Raises DatabaseAway.
    """
    with database.transaction() as tx:
        if not limit:
            return webhook_backlogs.forget(tx)
        waiting = webhook_backlogs.expecting(tx)
    changed = 0
    for first in range(0, len(waiting), _AT_A_TIME):
        if not go_on():
            break
        with database.transaction() as tx:
            some = waiting[first : first + _AT_A_TIME]
            backlogs = webhook_backlogs.note(
                tx, some, full_above=limit, room_below=webhook_backlogs.room_below(limit), now=clock.now()
            )
        for backlog in backlogs:
            if backlog.is_full:
                _log.warning("webhook has too many waiting, new deliveries fail", webhook=str(backlog.id), limit=limit)
            else:
                _log.info("webhook has room again", webhook=str(backlog.id))
        changed += len(backlogs)
    return changed
