"""An installation with servers of its own that a test may spoil: two receivers, two workers, two schedulers."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.support.command_line import environment, tracker
from tests.support.ledger import look
from tests.support.links import Link, link
from tests.support.load import Installation, installation
from tests.support.memory_folder import memory_folder
from tests.support.own_network import own_network
from tests.support.queued_hits import rows
from tests.support.running import Running
from tests.support.settings_of import settings_of
from tests.support.waiting import wait_until
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
    second_scheduler: Running
    folder: Path
    stack: ExitStack
    """What is opened for the world's lifetime."""
    may_be_lost: int = 0
    """How many hits the present fault is known to have lost."""
    is_spoilt: bool = False
    """Whether a fault has left it in a state that nobody knows: the next one gets another world."""
    accepts_losses: bool = False
    """Whether the ledger has to be told of them, before it balances again."""
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

    def use_postgres(self, server: Postgres) -> None:
        """The name leads to another server from now on."""
        self.links["postgresql"].path = door(server)
        self.postgres = server
        self.database.close()
        self.database = Database(server.url_of("tracker"), name="tests")

    def use_redis(self, server: Valkey) -> None:
        self.links["redis"].path = door(server)
        self.valkey = server
        self.redis.close()
        self.redis = connect(server.url, name="tests")

    def revive(self) -> None:
        """Start what does not run."""
        self.installation.revive()
        if self.second_scheduler.process.poll() is not None:
            self.second_scheduler = _second_scheduler(self.settings, self.folder / "logs")

    def settle(self) -> None:
        """Wait until nothing waits any more, and have the ledger note what is lost, where that is to be."""
        wait_until(lambda: look(self.database, self.redis).waiting == 0, 90)
        if self.accepts_losses:
            noted = tracker(self.settings, "ledger", "--accept-loss")
            assert noted.status == 0, noted.errors
            assert "Redis began without its data" in noted.errors
        self.accepts_losses = False

    @property
    def stored(self) -> int:
        ((hits,),) = rows(self.database, "SELECT count(*) FROM access_logs")
        return int(hits)


def door(server: Postgres | Valkey) -> Path:
    parts = urlsplit(server.url)
    return Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432" if parts.query else Path(parts.path)


class Worlds:
    """A world, and another one where it is spoilt."""

    def __init__(self, seed: int) -> None:
        self._seed, self._stack = seed, ExitStack()
        self._world: World | None = None

    def present(self) -> World:
        if self._world is None or self._world.is_spoilt:
            self.close()
            self._world = self._stack.enter_context(a_world(random.Random(self._seed)))
        return self._world

    def close(self) -> None:
        self._world = None
        self._stack.close()


def _second_scheduler(settings: Settings, logs: Path) -> Running:
    number = len(list(logs.glob("second-*")))
    return Running(["scheduler.py"], environment(settings), logs / f"second-scheduler-{number}.log")


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
        second = _second_scheduler(settings, logs)
        world = World(
            postgres, valkey, links, settings, database, redis, running, shop, may_drop_packets, second, folder, stack
        )
        yield world
        world.second_scheduler.kill()
        world.database.close()
        world.redis.close()
