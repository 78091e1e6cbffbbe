"""What the ledger costs PostgreSQL, of what hits cost it: told by pg_stat_statements, triggers' statements included."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.ledger import CLOCK, offer, write_down
from tests.support.memory_folder import memory_folder
from tests.support.queued_hits import drain, entry_of, hit_of
from tracker.embedded import Postgres
from tracker.ledger import balance as ledger_balance
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.store.migrations import migrate

pytestmark = pytest.mark.long

TURNS = 10
HITS_A_TURN = 5000
"""What 500 hits a second bring in the ten seconds between two turns of the scheduler."""
_TIME = "SELECT coalesce(sum(total_exec_time + total_plan_time), 0)::float FROM pg_stat_statements WHERE "


class WatchedPostgres(Postgres):
    """It counts the time of each statement, of those inside of functions too."""

    def command(self) -> list[str]:
        watching = ("shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track=all")
        return [*super().command(), *(part for option in watching for part in ("-c", option))]


def test_it_is_less_than_a_hundredth(redis: Connection) -> None:
    with memory_folder() as folder, _watched(folder) as postgres:
        url = postgres.url_of("tracker")
        migrate(url, today=datetime.now(UTC).date())
        database = Database(url, name="tests")
        shop, _ = applications.create(database, name="Shop", app_id="shop")
        with psycopg.connect(url, autocommit=True) as watching:
            watching.execute("CREATE EXTENSION pg_stat_statements")
            for turn in range(TURNS + 1):
                if turn == 1:  # The first one fills caches.
                    watching.execute("SELECT pg_stat_statements_reset()")
                first = turn * HITS_A_TURN
                for start in range(first, first + HITS_A_TURN, 100):
                    now = datetime.now(UTC)
                    hits = (
                        hit_of(shop, number + 1, session_id=f"s{number // 10}", client_sub_id=f"c{number % 250}")
                        for number in range(start, start + 100)
                    )
                    offer(redis, shop, *(entry_of(hit, created_at=now) for hit in hits))
                drain(redis, database, seconds=120)
                write_down(database, redis)
                ledger_balance.balance(database, redis, CLOCK, sleep=lambda _: None)
            (whole,) = watching.execute(_TIME + "toplevel").fetchone() or (0.0,)
            (ledger,) = watching.execute(_TIME + "query LIKE '%ledger%'").fetchone() or (0.0,)
        database.close()
    sys.stdout.write(
        f"{TURNS * HITS_A_TURN} hits: {whole:.0f} ms, of the ledger {ledger:.1f} ms, {ledger / whole:.2%}\n"
    )
    assert ledger > 0
    assert ledger <= 0.01 * whole


def _watched(folder: Path) -> Postgres:
    server = WatchedPostgres(folder / "postgres", durable=False)
    server.start()
    server.create_database("tracker")
    return server
