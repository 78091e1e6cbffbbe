"""What bounds the counting of raw rows: the GIN index, and the statement timeout of the role that reads."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from tests.support.queued_hits import NOON
from tests.support.raw_hits import execute, fill
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.errors import Refused
from tracker.queueing.connection import Connection
from tracker.reading import statistics
from tracker.reading.period import Period
from tracker.store.database import Database
from tracker.store.matching_hits import Matching
from tracker.store.queries import sql

PERIOD = Period(NOON.date() - timedelta(days=1), NOON.date())
COLUMNS = {"custom_params": "jsonb_build_object('product', 'p' || n % 2000, 'kind', 'all')"}


def test_a_filter_is_answered_by_the_gin_index(database: Database, database_url: str, application: Application) -> None:
    fill(database, application, 150_000, start=NOON - timedelta(hours=18), every="0.2 seconds", **COLUMNS)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE access_logs")  # as autovacuum does; it merges the index's pending entries
    matching = Matching(application=application, start=PERIOD.start, end=PERIOD.end, filter='{"product": "p7"}')
    with database.transaction() as tx:
        rows = tx.execute(
            b"EXPLAIN " + sql("access_logs/count").encode(), {**matching.params, "period": "day"}
        ).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "Bitmap Index Scan on access_logs_" in plan, plan
    assert "custom_params_idx" in plan, plan


def test_a_question_that_is_given_up_leaves_no_statement_behind(
    database_url: str, redis: Connection, application: Application
) -> None:
    """The role has no time limit here: it is the reader's own patience that ends."""
    with (
        closing(Database(database_url, name="given up", patience=0.3, cancellation=60)) as impatient,
        psycopg.connect(database_url) as other,
    ):
        other.execute("LOCK TABLE daily_statistics IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Refused, match="ask for fewer days"):
            statistics.read(impatient, redis, SystemClock(), app_id=application.app_id, period=PERIOD)
        running = "SELECT query FROM pg_stat_activity WHERE application_name = 'given up' AND state <> 'idle'"
        assert other.execute(running.encode()).fetchall() == []


@pytest.fixture
def reader(database: Database, database_url: str) -> Iterator[Database]:
    """The same database, as a role that may only read, and whose statements end after 100 ms."""
    name = f"reader_{uuid4().hex[:12]}"
    execute(database, f"CREATE ROLE {name} LOGIN")
    execute(database, f"ALTER ROLE {name} SET statement_timeout = '100ms'")
    execute(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    url = psycopg.conninfo.make_conninfo(database_url, user=name)
    with closing(Database(url, name="reader")) as opened:
        yield opened
    execute(database, f"DROP OWNED BY {name}")
    execute(database, f"DROP ROLE {name}")


def test_what_takes_the_role_too_long_is_a_503_that_says_what_to_do(
    database: Database, reader: Database, redis: Connection, application: Application
) -> None:
    fill(database, application, 400_000, start=NOON - timedelta(hours=18), every="0.1 seconds", **COLUMNS)

    def ask(**wanted: str) -> int:
        return statistics.read(
            reader, redis, SystemClock(), app_id="shop", period=PERIOD, custom_params=wanted
        ).total_requests

    with pytest.raises(Refused, match="ask for fewer days") as refusal:
        ask(kind="all")
    assert (refusal.value.status, refusal.value.code) == (503, "SERVICE_UNAVAILABLE")
    assert refusal.value.retry_after is not None
