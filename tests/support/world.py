"""An installation with servers of its own that a test may spoil: two receivers, two workers, two schedulers."""

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.support.command_line import environment
from tests.support.links import Link, link
from tests.support.load import Installation, installation
from tests.support.memory_folder import memory_folder
from tests.support.own_network import own_network
from tests.support.queued_hits import rows
from tests.support.running import Running
from tests.support.settings_of import settings_of
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey
from tracker.management import applications
from tracker.queueing.connection import Connection, connect
from tracker.store.database import Database
from tracker.store.migrations import migrate


@dataclass
class World:
    """What the faults are done to."""

    postgres: Postgres
    valkey: Valkey
    links: dict[str, Link]
    settings: Settings
    database: Database
    redis: Connection
    installation: Installation
    application: Application
    may_drop_packets: bool
    _numbers: Iterator[int] = field(default_factory=partial(count, 1))

    def number(self) -> int:
        return next(self._numbers)

    def sql(self, *statements: str) -> None:
        unlimited = "-c statement_timeout=0 -c default_transaction_read_only=off"
        with psycopg.connect(self.postgres.url_of("tracker"), autocommit=True, options=unlimited) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def end_connections(self) -> None:
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tracker'"
            " AND pid <> pg_backend_pid() AND application_name <> 'tests'"
        )

    @property
    def stored(self) -> int:
        ((hits,),) = rows(self.database, "SELECT count(*) FROM access_logs")
        return int(hits)


def door(server: Postgres | Valkey) -> Path:
    parts = urlsplit(server.url)
    return Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432" if parts.query else Path(parts.path)


@contextmanager
def a_world(chance: random.Random) -> Iterator[World]:
    """Servers of its own, and one installation that reaches them through links."""
    with ExitStack() as stack:
        may_drop_packets = stack.enter_context(own_network())
        folder = stack.enter_context(memory_folder())
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        postgres.create_database("tracker")
        migrate(postgres.url_of("tracker"), today=datetime.now(UTC).date())
        links = {
            "postgresql": stack.enter_context(link(door(postgres), chance)),
            "redis": stack.enter_context(link(door(valkey), chance)),
        }
        settings = settings_of(
            f"postgresql://postgres@127.0.0.1:{links['postgresql'].port}/tracker",
            f"redis://127.0.0.1:{links['redis'].port}",
            folder,
        )
        database = Database(postgres.url_of("tracker"), name="tests")
        redis = connect(valkey.url, name="tests")
        shop, _ = applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
        logs = folder / "logs"
        logs.mkdir()
        running = stack.enter_context(installation(settings, logs, receivers=2))
        second = Running([sys.executable, "scheduler.py"], environment(settings), logs / "second-scheduler.log")
        stack.callback(second.kill)
        yield World(postgres, valkey, links, settings, database, redis, running, shop, may_drop_packets)
        database.close()
        redis.close()
