"""The clock of a process, and of a command: set by what PostgreSQL and Redis say the time is."""

import threading
from datetime import datetime
from functools import partial
from typing import Final

from tracker.agreed_clock import AgreedClock
from tracker.queueing import server_facts as queue_facts
from tracker.queueing.connection import Connection
from tracker.store import server_facts
from tracker.store.database import Database

START_SECONDS: Final = 1.0
"""How long a process that is to start without its servers waits for their time."""


def agreed_clock(database: Database, redis: Connection) -> AgreedClock:
    """Return a clock that asks these servers when it is told to measure; until then it is the machine's."""
    return AgreedClock({"PostgreSQL": partial(_time_of_database, database), "Redis": partial(_time_of_redis, redis)})


def measure_at_start(clock: AgreedClock) -> None:
    """Set a clock, beside what goes on where a server does not answer soon."""
    measuring = threading.Thread(target=clock.measure, name="clock", daemon=True)
    measuring.start()
    measuring.join(START_SECONDS)


def _time_of_database(database: Database) -> datetime:
    with database.transaction() as tx:
        return server_facts.server_time(tx)


def _time_of_redis(redis: Connection) -> datetime:
    return queue_facts.server_time(redis)
