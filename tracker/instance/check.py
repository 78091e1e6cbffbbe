"""The comparison: which database DATABASE_URL leads to, and which one Redis says that its hits are for."""

import os
import socket
import threading
from datetime import datetime
from typing import Final

import orjson

from tracker import __version__
from tracker.clock import Clock
from tracker.errors import DatabaseUnavailable, ForeignQueue, QueueUnavailable
from tracker.instance.claim import QueueClaim
from tracker.log import logger
from tracker.queueing import ownership
from tracker.queueing.connection import Connection
from tracker.store import instance as store
from tracker.store.database import Database
from tracker.store.instance import DatabaseIdentity

ALIVE_SECONDS: Final = 60.0
"""Who has not said for so long that it is there is not counted as alive."""
_NOTE_SECONDS = 20.0
"""How often a process says that it is there, and asks PostgreSQL anew which database it is."""
_ADOPT = "`python -m tracker instance adopt`"

_log = logger(__name__)


class InstanceCheck:
    """What one process knows of the matter. Thread-safe; to be made after a fork.

    `kind` is what the process is (receiver, workers, scheduler); a command has none and does not note itself.
    """

    def __init__(self, database: Database, redis: Connection, clock: Clock, *, kind: str | None = None) -> None:
        self._database, self._redis, self._clock = database, redis, clock
        self._name = None if kind is None else f"{kind} {socket.gethostname()}:{os.getpid()}"
        self._own_database: DatabaseIdentity | None = None
        self._own_until = 0.0
        self._server_started_at: datetime | None = None
        self._has_had_a_queue = False
        self._seen: QueueClaim | None = None
        """What Redis said when both last belonged together."""
        self._note_at = 0.0
        self._lock = threading.Lock()

    def look(self) -> None:
        """Compare now; costs one command of Redis, and every 20 s a few statements of PostgreSQL.

        Raises ForeignQueue where they do not belong together, QueueUnavailable, and DatabaseUnavailable while it has
        never been known which database this is.
        """
        with self._lock:
            self._look()

    def _look(self) -> None:
        said = ownership.owner(self._redis)
        database = self._identity()
        claim = self._claim(database) if said is None else QueueClaim.decode(said)
        self._note(database, claim)
        if claim is None:
            raise ForeignQueue(
                f"What the key {ownership.OWNER} in Redis says cannot be read: if the Redis of REDIS_URL is the one of "
                f"{database}, {_ADOPT} says so."
            )
        if not claim.database.is_same_as(database):
            raise ForeignQueue(
                f"The Redis of REDIS_URL belongs to the database {claim.database}, and DATABASE_URL leads to "
                f"{database}: nothing is put into it or taken out of it. Correct the setting that is wrong; where this "
                f"database was restored or moved and goes on in the other's place, {_ADOPT} says so."
            )
        self._seen = claim

    def _identity(self) -> DatabaseIdentity:
        """Return which database this is. One that was known stays known while PostgreSQL is unavailable."""
        now = self._clock.monotonic()
        if self._own_database is None or now >= self._own_until:
            try:
                with self._database.transaction() as tx:
                    instance = store.get(tx)
            except DatabaseUnavailable:
                if self._own_database is None:
                    raise
            else:
                self._own_database, self._server_started_at = instance.database, instance.server_started_at
                self._has_had_a_queue = instance.queue_id is not None
                self._own_until = now + _NOTE_SECONDS
        return self._own_database

    def _claim(self, database: DatabaseIdentity) -> QueueClaim:
        """Say that a Redis is ours of which nothing is said: it is new, was wiped, or an older version has used it.

        Hits that wait there may be another's, unless this process has seen that this Redis is ours, or no Redis has
        ever been this database's: then an older version has put them there, which said nothing.
        """
        remembered = self._seen is not None and self._seen.database.is_same_as(database)
        claim = self._seen if remembered and self._seen is not None else QueueClaim.new(database)
        said = ownership.take(self._redis, claim.encode(), although_hits_wait=remembered or not self._has_had_a_queue)
        if said is None:
            raise ForeignQueue(
                "Hits wait in the Redis of REDIS_URL, and it does not say any more for which database: if they are for "
                f"{database}, {_ADOPT} says so."
            )
        taken = QueueClaim.decode(said)
        if taken == claim:
            _log.info("redis taken as this database's", database=str(database), queue_id=str(claim.queue_id))
            with self._database.transaction() as tx:
                store.take_queue(tx, claim.queue_id)
            self._has_had_a_queue = True
        return taken or claim

    def _note(self, database: DatabaseIdentity, claim: QueueClaim | None) -> None:
        """Say in both places that this process is there and what it works with, for `doctor`."""
        now = self._clock.monotonic()
        if self._name is None or claim is None or now < self._note_at:
            return
        about = {"database": database.as_json(), "server_started_at": self._server_started_at, "version": __version__}
        self._note_at = now + _NOTE_SECONDS
        try:
            ownership.note_process(self._redis, self._name, orjson.dumps(about))
            with self._database.transaction() as tx:
                store.note_process(tx, self._name, claim.queue_id)
                if claim.database.is_same_as(database):
                    store.take_queue(tx, claim.queue_id)
        except (DatabaseUnavailable, QueueUnavailable) as error:
            # The comparison stands without it.
            _log.debug("process not noted", reason=str(error))
