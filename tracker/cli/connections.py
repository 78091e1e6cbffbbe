"""What a command opens: the settings, PostgreSQL and Redis, closed when the command ends however it ends."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tracker import log
from tracker.agreed_clock import AgreedClock
from tracker.clock import SystemClock
from tracker.config import Settings, load
from tracker.instance.check import InstanceCheck
from tracker.management.notify_receivers import notify_receivers as announce_over
from tracker.queueing.connection import Connection, connect
from tracker.store.database import Database
from tracker.wiring.clock import agreed_clock

_NAME = "tracker-command"


def settings() -> Settings:
    """Return the settings, and log lines of errors only: a command speaks through its output."""
    loaded = load()
    log.configure(loaded.log_format, level=logging.CRITICAL)
    return loaded


@contextmanager
def database(loaded: Settings) -> Iterator[Database]:
    """Open the connection to PostgreSQL; one is enough for a command."""
    opened = Database(loaded.database_url, name=_NAME, connections=1, wait=10)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def reading(loaded: Settings) -> Iterator[Database]:
    """Open the connection for what only reads (DATABASE_READ_URL)."""
    opened = Database(loaded.database_read_url, name=_NAME, connections=1, wait=10)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def redis(loaded: Settings) -> Iterator[Connection]:
    opened = connect(loaded.redis_url, name=_NAME)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def queue(loaded: Settings, database: Database) -> Iterator[Connection]:
    """Redis for what puts hits into it or takes them out; ForeignQueue where it belongs to another database."""
    with redis(loaded) as connection:
        InstanceCheck(database, connection, SystemClock()).look()
        yield connection


def clock(loaded: Settings, *, url: str | None = None) -> AgreedClock:
    """Return a clock that was set once, by the servers that could be reached: a command lasts no longer.

    `url` is how PostgreSQL is reached, where not by DATABASE_URL.
    """
    asked = Database(url or loaded.database_url, name=_NAME, connections=1, wait=2, patience=2, cancellation=0)
    with closing(asked), redis(loaded) as connection:
        made = agreed_clock(asked, connection)
        made.measure()
    return made


def notify_receivers(loaded: Settings, app_id: str) -> None:
    """Tell the receivers that an application has changed."""
    with redis(loaded) as connection:
        announce_over(connection, app_id)
