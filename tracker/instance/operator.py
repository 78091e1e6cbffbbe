"""What an operator asks and says about which database and which Redis belong together."""

from dataclasses import dataclass

import orjson

from tracker.errors import conflict
from tracker.instance.check import ALIVE_SECONDS
from tracker.instance.claim import QueueClaim
from tracker.queueing import ownership
from tracker.queueing.connection import Connection
from tracker.store import instance as store
from tracker.store.database import Database
from tracker.store.instance import Instance


@dataclass(frozen=True, slots=True)
class Belonging:
    """The database, and what Redis says: nothing (`said` is None), or something unreadable (`claim` is None)."""

    instance: Instance
    said: bytes | None
    claim: QueueClaim | None

    @property
    def is_together(self) -> bool:
        return self.claim is not None and self.claim.database.is_same_as(self.instance.database)


def look(database: Database, redis: Connection) -> Belonging:
    """Read both, and change nothing. Raises DatabaseUnavailable, QueueUnavailable."""
    with database.transaction() as tx:
        instance = store.get(tx)
    said = ownership.owner(redis)
    return Belonging(instance, said, None if said is None else QueueClaim.decode(said))


def versions(redis: Connection) -> dict[str, dict[str, int]]:
    """Return how many processes of each kind (receiver, workers, scheduler) run each version. Raises QueueUnavailable.

    Those of a version that did not say so yet go by an empty text.
    """
    processes: dict[str, dict[str, int]] = {}
    for name, about in ownership.processes(redis, seconds=ALIVE_SECONDS).items():
        try:
            version = str(orjson.loads(about).get("version", ""))
        except (ValueError, AttributeError):
            version = ""
        kinds = processes.setdefault(version, {})
        kind = name.partition(" ")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
    return processes


def adopt(database: Database, redis: Connection) -> None:
    """Say that this Redis, with all that waits in it, is this database's.

    Raises DatabaseUnavailable, QueueUnavailable.
    """
    belonging = look(database, redis)
    claim = QueueClaim.new(belonging.instance.database)
    if belonging.claim is not None:
        claim = QueueClaim(belonging.instance.database, belonging.claim.queue_id)
    ownership.overwrite(redis, claim.encode())
    with database.transaction() as tx:
        store.take_queue(tx, claim.queue_id)


def renew(database: Database, redis: Connection) -> None:
    """Make a copy another database than its original.

    Raises Refused where Redis says that it is this database's: it would be so no more. DatabaseUnavailable,
    QueueUnavailable.
    """
    if look(database, redis).is_together:
        raise conflict(
            "The Redis of REDIS_URL belongs to this database: give the copy the REDIS_URL of a Redis of its own first."
        )
    with database.transaction() as tx:
        store.renew(tx)
