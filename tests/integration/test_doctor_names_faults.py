"""The doctor names each fault that the fault suite injects, while it lasts, and says what to do."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from redis import Redis, ResponseError

from tests.support.failed_hits import fail
from tests.support.ledger import offer, write_down
from tests.support.links import Trouble, link
from tests.support.network_faults import NETWORK_FAULTS
from tests.support.postgresql_faults import POSTGRESQL_FAULTS
from tests.support.process_faults import PROCESS_FAULTS
from tests.support.queued_hits import entry_of, hit_of
from tests.support.redis_faults import REDIS_FAULTS
from tests.support.servers_away import postgres_away, redis_away
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.diagnostics.doctor import examine
from tracker.diagnostics.finding import Finding
from tracker.embedded import Postgres, Valkey
from tracker.queueing.entry import FIELDS, NORMAL
from tracker.store.database import Database

ALL = {*POSTGRESQL_FAULTS, *REDIS_FAULTS, *PROCESS_FAULTS, *NETWORK_FAULTS}
OVER_AT_ONCE = {
    "a deadlock": "PostgreSQL ends one of the two, and the batch is written anew",
    "redis' scripts flushed": "whoever misses one loads it",
    "one of two receivers killed": "its parent starts another",
    "network to postgresql: half-open": "new connections work, and the old ones are given up within seconds",
    "network to redis: half-open": "the same",
    "network to postgresql: half-open, packets dropped": "the same",
    "network to redis: half-open, packets dropped": "the same",
    "pgbouncer between, half-open before it": "the same",
    "pgbouncer between, half-open behind it": "the same",
}
"""What leaves nothing to be seen, and why."""


@dataclass
class Place:
    """What a fault works on, and the settings that the doctor is asked with."""

    settings: Settings
    postgres: Postgres
    valkey: Valkey
    redis: Any
    database: Database
    application: Application
    machine: timedelta = field(default_factory=timedelta)

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    @property
    def name(self) -> str:
        return urlsplit(self.settings.database_url).path[1:]


class Shifted(SystemClock):
    """A clock that is off."""

    def __init__(self, offset: timedelta) -> None:
        self._offset = offset

    def now(self) -> Any:
        return super().now() + self._offset


@contextmanager
def of_database(place: Place, setting: str, value: str) -> Iterator[None]:
    place.sql(f"ALTER DATABASE {place.name} SET {setting} = '{value}'")
    yield


@contextmanager
def no_connection_left(place: Place) -> Iterator[None]:
    held: list[psycopg.Connection[Any]] = []
    try:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            held.extend(psycopg.connect(place.postgres.url) for _ in range(1000))
        yield
    finally:
        for connection in held:
            connection.close()


@contextmanager
def of_redis(place: Place, setting: str, value: str, usual: str) -> Iterator[None]:
    place.redis.config_set(setting, value)
    try:
        yield
    finally:
        place.redis.config_set(setting, usual)


@contextmanager
def demoted(place: Place) -> Iterator[None]:
    place.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        place.redis.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def busy(place: Place) -> Iterator[None]:
    def run() -> None:
        with Redis.from_url(place.valkey.url, socket_timeout=60) as client, contextlib.suppress(ResponseError):
            client.eval("while true do end", 0)

    script = threading.Thread(target=run)
    with of_redis(place, "busy-reply-threshold", "1", "5000"), Redis.from_url(place.valkey.url) as other:
        script.start()
        try:
            wait_until(lambda: _is_busy(other))
            yield
        finally:
            other.execute_command("SCRIPT", "KILL")
            script.join()


def _is_busy(client: Any) -> bool:
    try:
        client.get("x")
    except ResponseError:
        return True
    return False


@contextmanager
def lost_its_data(place: Place) -> Iterator[None]:
    for number in range(2):
        offer(place.redis, place.application, entry_of(hit_of(place.application, number)))
        write_down(place.database, place.redis)
        place.redis.flushall()
    yield


@contextmanager
def waiting_while_none_is_stored(place: Place) -> Iterator[None]:
    fields = dict(zip(FIELDS, entry_of(hit_of(place.application, 1)).to_fields(), strict=True))
    place.redis.xadd(NORMAL, fields, id=f"{int((time.time() - 300) * 1000)}-0")
    yield


@contextmanager
def failed(place: Place) -> Iterator[None]:
    fail(place.database, place.application, 1)
    yield


@contextmanager
def clock(place: Place) -> Iterator[None]:
    place.machine = timedelta(days=100)
    yield


@contextmanager
def network(place: Place, part: str, trouble: Trouble) -> Iterator[None]:
    """The doctor comes by a port whose network is spoilt."""
    if part == "redis":
        path = Path(urlsplit(place.valkey.url).path)
    else:
        path = Path(parse_qs(urlsplit(place.postgres.url).query)["host"][0]) / ".s.PGSQL.5432"
    with link(path, random.Random(1)) as spoilt:
        url = f"postgresql://postgres@127.0.0.1:{spoilt.port}/{place.name}"
        if part == "redis":
            place.settings = replace(place.settings, redis_url=f"redis://127.0.0.1:{spoilt.port}/0")
        else:
            place.settings = replace(
                place.settings, database_url=url, database_maintenance_url=url, database_read_url=url
            )
        with spoilt.troubled(trouble):
            yield


Fault = Callable[[Place], AbstractContextManager[None]]
AWAY: tuple[Fault, set[str], str] = lambda place: postgres_away(place.postgres), {"PostgreSQL"}, "DATABASE_URL"
LASTING: dict[str, tuple[Fault, set[str], str]] = {
    "postgresql takes no writes": (
        lambda place: of_database(place, "default_transaction_read_only", "on"),
        {"writable"},
        "take writes again",
    ),
    "postgresql ends statements after 1 ms": (
        lambda place: of_database(place, "statement_timeout", "1ms"),
        {"PostgreSQL", "writable", "partitions"},
        "",
    ),
    "postgresql has no connection left": (no_connection_left, {"PostgreSQL"}, "DATABASE_URL"),
    "postgresql killed": AWAY,
    "postgresql killed, its synchronous standby promoted": AWAY,
    "redis killed, with its append-only file": (lambda place: redis_away(place.valkey), {"Redis"}, "REDIS_URL"),
    "redis full": (lambda place: of_redis(place, "maxmemory", "1", "0"), {"Redis writable"}, "503"),
    "redis demoted to a replica": (demoted, {"Redis"}, "Point REDIS_URL at the primary"),
    "redis fails over to its replica": (demoted, {"Redis"}, "Point REDIS_URL at the primary"),
    "redis busy with a script": (busy, {"Redis"}, ""),
    "redis gets an evicting policy": (
        lambda place: of_redis(place, "maxmemory-policy", "allkeys-lru", "noeviction"),
        {"eviction policy of Redis"},
        "noeviction",
    ),
    "redis loses its data with hits waiting in it": (lost_its_data, {"ledger"}, "tracker ledger"),
    "the leading of two schedulers killed": (lambda _: contextlib.nullcontext(), {"scheduler"}, "tracker scheduler"),
    "workers out of memory": (waiting_while_none_is_stored, {"progress"}, "the workers' log"),
    "a poison hit in each hundred": (failed, {"failed hits"}, "queue failed"),
    **{
        f"clock of {what} ahead, then behind": (clock, {"clock of PostgreSQL"}, "NTP")
        for what in ("receivers", "workers", "scheduler")
    },
    **{
        f"network to {part}: {trouble}": (
            lambda place, part=part, trouble=trouble: network(place, part, trouble),  # type: ignore[misc]
            {server, f"answers of {server}"},
            "",
        )
        for part, server in (("postgresql", "PostgreSQL"), ("redis", "Redis"))
        for trouble in ("cut", "silent", "slow", "torn")
    },
    "pgbouncer between, killed": AWAY,
}


def test_each_fault_of_the_suite_is_here() -> None:
    assert LASTING.keys() | OVER_AT_ONCE.keys() == ALL
    assert not LASTING.keys() & OVER_AT_ONCE.keys()


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=pytest.mark.long if fault.endswith(": slow") else ()) for fault in LASTING]
)
def test_the_doctor_names_it_and_says_what_to_do(place: Place, fault: str) -> None:
    do, checks, words = LASTING[fault]
    with do(place):
        findings = examine(place.settings, SystemClock(), machine=Shifted(place.machine))
    named = [finding for finding in findings if finding.check in checks and finding.level != "ok"]
    assert named, sentences(findings)
    assert any(words in finding.to_do for finding in named), sentences(named)
    assert all(finding.seen and finding.to_do for finding in named)


def sentences(findings: list[Finding]) -> list[str]:
    return [f"{finding.level} {finding.check}: {finding.seen}" for finding in findings]


@pytest.fixture
def place(  # noqa: PLR0917 fixtures
    settings: Settings,
    servers: tuple[Postgres, Valkey],
    redis: Any,
    database: Database,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    # No hit is on its way here: looks at what waits, and at the ledger, need no time between them.
    monkeypatch.setattr("tracker.diagnostics.doctor._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("tracker.ledger.balance._PAUSE_SECONDS", 0.01)
    return Place(settings, *servers, redis, database, application)


@pytest.fixture
def servers(postgres: Postgres, valkey: Valkey) -> tuple[Postgres, Valkey]:
    return postgres, valkey
