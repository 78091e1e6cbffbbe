"""What a command opens: the settings, PostgreSQL and Redis, closed when the command ends however it ends.

Redis's library is imported when Redis is opened: it takes as long to load as a command that only asks PostgreSQL does
otherwise, and most do only that.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from tracker import log
from tracker.clock import SystemClock
from tracker.config import Settings, load
from tracker.store.database import Database

if TYPE_CHECKING:
    from tracker.agreed_clock import AgreedClock
    from tracker.queueing.connection import Connection

_NAME = "tracker-command"
_WAIT_SECONDS = 10.0


def settings() -> Settings:
    """Return the settings, and log lines of errors only: a command speaks through its output."""
    loaded = load()
    log.configure(loaded.log_format, level=logging.CRITICAL)
    return loaded


@contextmanager
def database(loaded: Settings, *, at_once: int = 1) -> Iterator[Database]:
    """Open the connection to PostgreSQL; one is enough for a command that does one thing `at_once`."""
    opened = Database(loaded.database_url, name=_NAME, connections=at_once, wait=_WAIT_SECONDS)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def reading(loaded: Settings) -> Iterator[Database]:
    """Open the connection for what only reads (DATABASE_READ_URL)."""
    opened = Database(loaded.database_read_url, name=_NAME, connections=1, wait=_WAIT_SECONDS)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def redis(loaded: Settings) -> Iterator["Connection"]:
    from tracker.queueing.connection import connect  # noqa: PLC0415

    opened = connect(loaded.redis_url, name=_NAME)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def queue(loaded: Settings, database: Database) -> Iterator["Connection"]:
    """Redis for what puts hits into it or takes them out; ForeignQueue where it belongs to another database."""
    from tracker.instance.check import InstanceCheck  # noqa: PLC0415

    with redis(loaded) as connection:
        InstanceCheck(database, connection, SystemClock()).look()
        yield connection


def clock(loaded: Settings, *, url: str | None = None) -> "AgreedClock":
    """Return a clock that was set once, by the servers that could be reached: a command lasts no longer.

    `url` is how PostgreSQL is reached, where not by DATABASE_URL.
    """
    from tracker.wiring.clock import agreed_clock  # noqa: PLC0415

    asked = Database(url or loaded.database_url, name=_NAME, connections=1, wait=2, patience=2, cancellation=0)
    with closing(asked), redis(loaded) as connection:
        made = agreed_clock(asked, connection)
        made.measure()
    return made


def notify_receivers(loaded: Settings, app_id: str) -> None:
    """Tell the receivers that an application has changed."""
    from tracker.management.notify_receivers import notify_receivers as announce_over  # noqa: PLC0415

    with redis(loaded) as connection:
        announce_over(connection, app_id)
