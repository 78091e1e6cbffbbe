"""How much of a person there is, and where, without touching it."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date

from tracker.erasure.belonging import of_person
from tracker.erasure.hits import event_id_of
from tracker.erasure.person import DELIVERY_BATCH_SIZE, days_of
from tracker.queueing import removal
from tracker.queueing.connection import Connection
from tracker.store import person_rows
from tracker.store.database import Database
from tracker.store.partitions import Month
from tracker.store.person_rows import Person

_MAX_HITS_OF_A_DAY = 1_000_000
_BATCH_SIZE = 1000


def count(
    database: Database, redis: Connection, person: Person, *, on_day: Callable[[int, int], None] = lambda *_: None
) -> Mapping[str, int]:
    """Return how many rows stand in which place. Raises QueueUnavailable, DatabaseUnavailable."""
    counts: Counter[str] = Counter()
    counts["redis_streams"], counts["redis_retries"] = removal.count(redis, of_person(person))
    with database.transaction() as tx:
        counts["batch_queue"] = person_rows.count_queued(tx, person)
        days = days_of(tx)
    after: int | None = 0
    while after is not None:
        with database.transaction() as tx:
            after, named = person_rows.count_deliveries(tx, person, after=after, limit=DELIVERY_BATCH_SIZE)
        counts["webhook_deliveries"] += named
    stored = set[date]()
    for number, day in enumerate(days, 1):
        if day.day == 1:
            with database.transaction() as tx:
                stored = person_rows.days_stored(tx, Month.of(day))
        if day in stored:
            _count_day(database, person, day, counts)
        on_day(number, len(days))
    return counts


def _count_day(database: Database, person: Person, day: date, counts: Counter[str]) -> None:
    with database.transaction() as tx:
        counts["sessions"] += len(person_rows.sessions_of(tx, person, day))
        identities = person_rows.hits_of(tx, person, day, limit=_MAX_HITS_OF_A_DAY)
        counts["access_logs"] += len(identities)
        counts["statistics_days"] += bool(identities)
        for at in range(0, len(identities), _BATCH_SIZE):
            some = identities[at : at + _BATCH_SIZE]
            counts["custom_parameter_values"] += person_rows.count_values(tx, some)
            event_ids = [event_id_of(identity) for identity in some]
            counts["webhook_deliveries"] += person_rows.count_deliveries_of_hits(tx, person, event_ids)
