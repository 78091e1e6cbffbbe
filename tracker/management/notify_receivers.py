"""Telling the receivers that an application changed."""

from tracker import log
from tracker.errors import QueueUnavailable
from tracker.queueing import snapshots
from tracker.queueing.connection import Connection

_log = log.logger(__name__)


def notify_receivers(redis: Connection, app_id: str) -> None:
    """Drop the application's shared snapshot, so that the next receiver to ask reads PostgreSQL.

    Redis being unavailable is no error: receivers look at PostgreSQL every few seconds anyway.
    """
    try:
        snapshots.drop(redis, app_id)
    except QueueUnavailable as error:
        _log.warning("snapshot not dropped", app_id=app_id, reason=str(error))
