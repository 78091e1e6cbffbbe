"""The store behind PgBouncer in transaction mode, which stands for any pooler or proxy (decision 0014).

Every client shares one server connection, as the role that may only read and write rows, and the server logs each
statement.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.architecture.test_sql import LONGEST_TEXT, PINNING, code_of
from tests.support.consumers import answer, consumer
from tests.support.debian_postgres import BINARIES, DebianPostgres, running_debian_postgres
from tests.support.poolers import pooler
from tests.support.queued_hits import NOON, define, drain, enqueue, entry_of, hit_of
from tests.support.roles import password_files
from tests.support.webhook_endpoints import owe, register, sender_of, states
from tracker.clock import SystemClock
from tracker.errors import DatabaseUnavailable, TookTooLong
from tracker.maintenance.delete_expired_hits import delete_expired_hits
from tracker.maintenance.delete_old_rows import delete_old_rows
from tracker.maintenance.end_sessions import end_sessions
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.management.applications import create
from tracker.queueing.connection import Connection
from tracker.reading import comparison, drift, overview, parameters, sessions, statistics, stored
from tracker.reading.export import export
from tracker.reading.period import Period
from tracker.stats import retire
from tracker.stats.complete import complete_periods
from tracker.stats.fold import fold
from tracker.stats.rebuild import rebuild
from tracker.stats.verify import verify
from tracker.store import api_keys, application_settings, applications, batch_queue, leases, partitions, reading_role
from tracker.store import custom_parameter_definitions as definitions
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database
from tracker.store.migrations import migrate
from tracker.store.partitions import Month

ROLES = Path(__file__).parents[2] / "deploy/postgres/roles.sql"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebianPostgres]:
    """A server with the product's three roles and a database that its owner has migrated."""
    with running_debian_postgres() as server:
        with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE tracker")
        environment = {"PATH": os.defpath, **password_files(tmp_path_factory.mktemp("passwords"))}
        psql = [str(BINARIES / "psql"), "-qX", "-f", str(ROLES), server.url_of("tracker")]
        for _ in range(2):  # It may be run again.
            subprocess.run(psql, check=True, env=environment)
        migrate(server.url_of("tracker", "tracker_owner"), today=datetime.now(UTC).date())
        with psycopg.connect(server.url_of("tracker"), autocommit=True) as connection:
            connection.execute("ALTER ROLE tracker_app SET log_statement = 'all'")
        yield server


@pytest.fixture(scope="module")
def database_url(server: DebianPostgres) -> Iterator[str]:
    """The address of the pooler, which has one connection to the server."""
    with pooler(f"host={server.folder} user=tracker_app", connections=1) as between:
        yield f"postgresql://tracker_app@/tracker?host={between.door.parent}&port=6432"


@pytest.fixture
def _nothing_pins(server: DebianPostgres) -> Iterator[None]:
    """Afterwards, no statement that the server logged meanwhile is one that pins a session."""
    start = server.log.stat().st_size
    yield
    text = server.log.read_bytes()[start:].decode()
    next_line = r"^\d+ \S* (?:LOG|ERROR|DETAIL|STATEMENT|FATAL):"
    statement = rf"^\d+ tests\S* LOG:  (?:statement|execute <unnamed>): (.*?)(?={next_line}|\Z)"
    statements = re.findall(statement, text, re.MULTILINE | re.DOTALL)
    assert statements
    assert not re.search(r"execute (?!<unnamed>)", text), "a statement was prepared under a name"
    assert [statement for statement in statements if PINNING.search(code_of(statement))] == []
    assert max(len(statement.encode()) for statement in statements) < LONGEST_TEXT


@pytest.mark.usefixtures("_nothing_pins")
def test_what_the_store_does_for_applications_pins_nothing(database: Database) -> None:
    app_id = uuid4().hex
    with database.transaction() as tx:
        application_id = applications.insert(tx, app_id=app_id, name="Shop", api_key_hash="hash")
        assert application_id is not None
        assert applications.update(tx, app_id, {"domain": "shop.example"})
        application_settings.put(tx, application_id, "custom_params_mode", "accept")
        key = api_keys.insert(tx, application_id, key_hash=uuid4().hex, permissions=["read"])
        assert api_keys.revoke(tx, application_id, key)
        definitions.upsert(tx, application_id, [])
        definitions.by_application(tx, [application_id])
        assert applications.find(tx, app_id) is not None
        assert application_settings.unset(tx, application_id, "custom_params_mode")
        assert applications.list_rows(tx)
        assert partitions.problems(partitions.list_partitions(tx)) == []
        assert tx.execute("SHOW timezone").fetchone() == ("UTC",)


@pytest.mark.usefixtures("_nothing_pins")
def test_writing_hits_pins_nothing(database: Database, redis: Connection) -> None:
    application, _ = create(database, name="Shop")
    define(database, application, "price", "number")
    hits = [hit_of(application, n, session_id=f"s{n}", custom_params={"price": n}) for n in range(1, 251)]
    enqueue(redis, hits)
    assert drain(redis, database).stored == 250
    enqueue(redis, [*hits[:10], hit_of(application, 1000)])
    drained = drain(redis, database)
    assert (drained.stored, drained.duplicates) == (1, 10)


@pytest.mark.usefixtures("_nothing_pins")
def test_statistics_pin_nothing(database: Database, redis: Connection) -> None:
    application, _ = create(database, name="Counted")
    today, clock = NOON.date(), SystemClock()
    for kind in ("string", "number", "array"):
        define(database, application, kind, kind)  # type: ignore[arg-type]
    params = {"string": "a", "number": 1.5, "array": ["x", 2]}
    enqueue(redis, [hit_of(application, n, session_id=f"s{n}", custom_params=params) for n in range(2000, 2010)])
    drain(redis, database)
    assert fold(database, clock).dry
    assert rebuild(database, clock, first=today, last=today, app_id=application.app_id).hits >= 10
    assert verify(database, clock, first=today, app_id=application.app_id).differences == []
    period = Period(today, today)
    assert stored.read(database, application.app_id, period)[0]["custom_param_stats"].keys() == params.keys()
    complete_periods(database, redis, clock)
    assert retire.is_final(database, Month.of(today))
    assert retire.retire(database, Month.of(today)) == 0


@pytest.fixture
def reader(server: DebianPostgres) -> Iterator[Database]:
    """The role for reading, as roles.sql makes it and `migrate` lets it read."""
    with closing(Database(server.url_of("tracker", "tracker_reader"), name="tests reader")) as opened:
        yield opened


@pytest.mark.usefixtures("_nothing_pins")
@pytest.mark.parametrize("role", ["database", "reader"])
def test_reading_pins_nothing_and_may_be_done_by_the_role_for_it(
    database: Database, reader: Database, redis: Connection, role: str
) -> None:
    application, _ = create(database, name="Read")
    app_id, clock = application.app_id, SystemClock()
    period = Period(NOON.date() - timedelta(days=1), NOON.date())
    define(database, application, "kind", "string")
    columns = {"session_id": uuid4().hex, "custom_params": {"kind": "a"}}
    first = 3000 if role == "database" else 4000
    enqueue(redis, [hit_of(application, n, **columns) for n in range(first, first + 10)])
    drain(redis, database)
    assert fold(database, clock).dry
    database = {"database": database, "reader": reader}[role]
    for wanted in (None, {"kind": "a"}):
        counts = statistics.read(database, redis, clock, app_id=app_id, period=period, custom_params=wanted)
        assert (counts.total_requests, counts.custom_param_breakdown) == (10, {"kind": {"a": 10}})
    of_kind = parameters.read(database, redis, clock, app_id=app_id, period=period, parameter_key="kind")
    assert [row["unique_sessions"] for row in of_kind.breakdown] == [1]
    assert drift.read(database, app_id=app_id, period=period).hits_looked_at == 10
    assert len(sessions.read(database, app_id=app_id, period=period).sessions) == 1
    assert [row["total_requests"] for row in stored.read(database, app_id, period, by="hour")] == [10]
    assert stored.read_filtered(database, app_id) == []
    compared = comparison.read(
        database, app_id=app_id, period=period, group_by="day", until_hour=24, other_day=period.last
    )
    assert (compared.requests_until_hour, compared.since_hour) == (10, 0)
    assert overview.read(database, [application.id], period)[application.id].requests == 10
    assert stored.sum_filtered(database, app_id=app_id, period=period) == {}
    exported = export(database, app_id=app_id, period=period, format_="jsonl", custom_params={"kind": "a"})
    assert b"".join(exported.chunks).count(b"\n") == 10


def test_the_role_for_reading_has_a_time_limit_and_writes_nothing(reader: Database) -> None:
    with reader.snapshot() as tx:
        role = reading_role.look(tx)
        assert (role.name, role.statement_timeout, role.writable) == ("tracker_reader", 30, [])
        assert reading_role.unreadable(tx) == []
    with pytest.raises(DatabaseUnavailable, match="42501"), reader.transaction() as tx:
        tx.execute("SELECT api_key_hash FROM applications")


@pytest.mark.usefixtures("_nothing_pins")
def test_the_turns_of_the_scheduler_pin_nothing(database: Database, redis: Connection) -> None:
    application, _ = create(database, name="Scheduled")
    clock = SystemClock()
    with database.transaction() as tx:
        application_settings.put(tx, application.id, "session_timeout_minutes", "1")
        application_settings.put(tx, application.id, "retention_days", "1")
        assert leases.take(tx, "test", owner="one", seconds=10)
        assert not leases.take(tx, "test", owner="two", seconds=10)
        assert leases.holder(tx, "test") == "one"
        assert leases.give_back(tx, "test", owner="one")
        entry = entry_of(hit_of(application, 3000))
        columns = {name: getattr(entry, name) for name in QueueRow.__dataclass_fields__}
        batch_queue.add(tx, [QueueRow(**columns)])
    then = NOON - timedelta(days=3)
    enqueue(redis, [hit_of(application, n, session_id=f"old{n}", created_at=then) for n in range(3001, 3010)])
    drain(redis, database)
    assert requeue_waiting(database, redis, clock, queue="default", drain_seconds=20, queue_limit=1000) == 1
    assert end_sessions(database, clock, agreed_time=clock.now) >= 9
    assert delete_expired_hits(database, clock, deletion_time=clock.now, note_removal=retire.note_removal) >= 9
    delete_old_rows(database, clock, deletion_time=clock.now, retention_months=24, deliveries_days=30)


@pytest.mark.usefixtures("_nothing_pins")
def test_sending_webhooks_pins_nothing(database: Database) -> None:
    application, _ = create(database, name="Told")
    with consumer(answer(410)) as gone, consumer() as good:
        now = SystemClock().now()
        for one in (gone, good):
            webhook_id, _ = register(database, application, one.url, now)
            owe(database, webhook_id, now, 60)
        sender = sender_of(database)
        assert sender.turn() >= 61
        sender.close()
        assert states(database)["delivered"] >= 60


def test_clients_share_the_one_connection_without_seeing_each_other(database_url: str) -> None:
    with (
        closing(Database(database_url, name="tests one")) as one,
        closing(Database(database_url, name="tests two")) as two,
    ):
        seen = set()
        for database in (one, two, one, two):
            for _ in range(6):
                with database.transaction() as tx:
                    seen.add(tx.execute("SELECT pg_backend_pid()").fetchone())
        assert len(seen) == 1


def test_the_pooler_passes_on_that_a_statement_is_given_up(server: DebianPostgres, database_url: str) -> None:
    with closing(Database(database_url, name="tests impatient", patience=0.5, cancellation=60)) as impatient:
        with pytest.raises(TookTooLong), impatient.transaction() as tx:
            tx.execute("SELECT pg_sleep(600)")
        with psycopg.connect(server.url_of("tracker")) as other:
            left = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND state = 'active'"
            assert other.execute(left.encode()).fetchone() == (0,)


def test_the_application_can_change_rows_and_no_tables(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="42501"), database.transaction() as tx:
        tx.execute("SELECT create_monthly_partition('2041-01')")
