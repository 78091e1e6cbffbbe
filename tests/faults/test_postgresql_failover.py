"""PostgreSQL fails over and keeps its connections open: receiver, worker and scheduler go on with the new primary.

A real standby is promoted, the name moves to it, and the old primary stays up and read-only.
"""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.support.command_line import tracker
from tests.support.made_data import copy_data
from tests.support.moving_name import MovingName, moving_name
from tests.support.queued_hits import rows
from tests.support.receiving import Receiving, code
from tests.support.running import running
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.embedded import Postgres, wheel
from tracker.management import applications
from tracker.store import replica, server_facts
from tracker.store.database import Database

HIT = {"app_id": "shop", "url": "https://shop.example/"}
LEADS = "SELECT count(*) FROM leases WHERE name = 'scheduler' AND expires_at > clock_timestamp()"


def folder_of(server: Postgres) -> str:
    return parse_qs(urlsplit(server.url).query)["host"][0]


def door(server: Postgres) -> Path:
    return Path(folder_of(server)) / ".s.PGSQL.5432"


class Pair:
    """A primary, its standby, and the name that leads to the primary of them."""

    def __init__(self, old: Postgres, new: Postgres, name: MovingName) -> None:
        self.old, self.new, self.name = old, new, name

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.name.port}/tracker"

    def promote(self) -> None:
        """The standby becomes the primary; the old one takes no writes any more, and ends no connection."""
        with psycopg.connect(self.old.url, autocommit=True) as old:
            old.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            old.execute("SELECT pg_reload_conf()")
            # These servers commit without waiting for their log: this writes it to its end, with a record of its own.
            said = old.execute("SELECT pg_logical_emit_message(false, 'the end', '', true)").fetchone()
        with psycopg.connect(self.new.url, autocommit=True) as new:
            reached = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            wait_until(lambda: new.execute(reached, said).fetchone() == (True,))
            assert new.execute("SELECT pg_promote()").fetchone() == (True,)

    def fail_over(self) -> None:
        self.promote()
        self.name.path = door(self.new)


@pytest.fixture
def pair(tmp_path: Path, migrated_data: Path) -> Iterator[Pair]:
    with Postgres(copy_data(migrated_data, tmp_path / "old"), durable=False) as old:
        standby = Postgres(tmp_path / "new", durable=False)
        standby.folder.mkdir(mode=0o700)
        subprocess.run(
            [
                str(wheel.postgres_bin() / "pg_basebackup"),
                *("-h", folder_of(old), "-U", "postgres", "-D", str(standby.data), "-R", "-c", "fast", "--no-sync"),
            ],
            check=True,
            capture_output=True,
        )
        with standby as new, moving_name(door(old)) as name:
            yield Pair(old, new, name)


@pytest.fixture
def moved(pair: Pair, settings: Settings) -> Settings:
    """The settings of processes that know the name only."""
    return replace(settings, database_url=pair.url, database_maintenance_url=pair.url, database_read_url=pair.url)


@pytest.fixture
def of_both(pair: Pair, settings: Settings) -> Settings:
    """The settings of processes that know both servers, and read from whichever is the standby."""
    hosts = f"{folder_of(pair.old)},{folder_of(pair.new)}"
    url = f"postgresql://postgres@/tracker?host={hosts}&target_session_attrs="
    return replace(
        settings,
        database_url=f"{url}read-write",
        database_maintenance_url=f"{url}read-write",
        database_read_url=f"{url}prefer-standby",
    )


def test_all_processes_go_on_with_the_primary_among_several_hosts(
    pair: Pair, of_both: Settings, tmp_path: Path
) -> None:
    old, new = (Database(server.url_of("tracker"), name="tests") for server in (pair.old, pair.new))
    applications.create(old, name="Shop", app_id="shop")
    receiving = Receiving(of_both)
    with running(of_both, tmp_path, "worker.py") as workers, running(of_both, tmp_path, "scheduler.py") as scheduler:
        wait_until(lambda: code(receiving.track(HIT)) == (200, None))
        wait_until(lambda: rows(new, "SELECT count(*) FROM access_logs") == [(1,)])
        wait_until(lambda: rows(old, LEADS) == [(1,)])
        finding_of = findings(of_both)
        assert finding_of["replica for reading"][0] == "ok"
        assert finding_of["settings"][0] == "ok"
        without = replace(of_both, database_url=of_both.database_url.replace("read-write", "any"))
        assert "several hosts" not in findings(without)["settings"][1]
        bare = replace(of_both, database_url=of_both.database_url.partition("&")[0])
        assert "several hosts" in findings(bare)["settings"][1]

        pair.old.stop()
        with psycopg.connect(pair.new.url, autocommit=True) as standby:
            standby.execute("SELECT pg_promote()")
        moved_at = time.monotonic()
        assert code(receiving.track(HIT)) == (200, None)
        wait_until(lambda: rows(new, "SELECT count(*) FROM access_logs") == [(2,)], 30)
        wait_until(lambda: rows(new, LEADS) == [(1,)])
        renewed = "SELECT expires_at FROM leases WHERE name = 'scheduler'"
        first = rows(new, renewed)
        wait_until(lambda: rows(new, renewed) > first)
        assert time.monotonic() - moved_at < 40
        assert tracker(of_both, "queue", "status").status == 0
        assert "Traceback" not in workers.output + scheduler.output
    receiving.close()
    old.close()
    new.close()


def findings(settings: Settings) -> dict[str, tuple[str, str]]:
    told = tracker(settings, "doctor", "--json", DATABASE_READ_URL=settings.database_read_url)
    return {finding["check"]: (finding["level"], finding["seen"]) for finding in told.json}


def test_how_far_a_replica_is_behind_is_told(pair: Pair) -> None:
    primary, reading = (Database(server.url_of("tracker"), name="tests") for server in (pair.old, pair.new))
    with psycopg.connect(pair.new.url, autocommit=True) as standby, psycopg.connect(pair.old.url) as writer:
        wait_until(lambda: replica.lag(primary, reading) == 0)
        standby.execute("SELECT pg_wal_replay_pause()")
        writer.execute("CREATE TABLE written ()")
        writer.commit()
        time.sleep(1)
        behind = replica.lag(primary, reading)
        assert behind is not None
        assert behind >= 1
        standby.execute("SELECT pg_wal_replay_resume()")
        wait_until(lambda: replica.lag(primary, reading) == 0)
    assert replica.lag(primary, primary) is None
    primary.close()
    reading.close()


def test_all_processes_go_on_with_the_new_primary(pair: Pair, moved: Settings, tmp_path: Path) -> None:
    old, new = (Database(server.url_of("tracker"), name="tests") for server in (pair.old, pair.new))
    applications.create(old, name="Shop", app_id="shop")
    receiving = Receiving(moved)
    with running(moved, tmp_path, "worker.py") as workers, running(moved, tmp_path, "scheduler.py") as scheduler:
        wait_until(lambda: code(receiving.track(HIT)) == (200, None))
        wait_until(lambda: rows(old, "SELECT count(*) FROM access_logs") == [(1,)])
        wait_until(lambda: rows(old, LEADS) == [(1,)])
        assert receiving.client.get("/health").get_json()["data"]["status"] == "ok"

        pair.fail_over()
        moved_at = time.monotonic()
        assert code(receiving.track(HIT)) == (200, None)
        wait_until(lambda: rows(new, "SELECT count(*) FROM access_logs") == [(2,)])
        wait_until(lambda: rows(new, LEADS) == [(1,)] and not scheduler.output.endswith("lease lost"))
        wait_until(lambda: receiving.client.get("/health").get_json()["data"]["status"] == "ok", 10)
        renewed = "SELECT expires_at FROM leases WHERE name = 'scheduler'"
        first = rows(new, renewed)
        wait_until(lambda: rows(new, renewed) > first)
        assert time.monotonic() - moved_at < 40
        assert "Traceback" not in workers.output + scheduler.output
    assert rows(old, "SELECT count(*) FROM access_logs") == [(1,)]
    receiving.close()
    old.close()
    new.close()


def test_a_standby_that_the_name_leads_to_too_early_is_used_once_it_is_promoted(pair: Pair) -> None:
    database = Database(pair.url, name="tests")
    pair.name.path = door(pair.new)
    with pytest.raises(Exception, match="takes no writes"), database.transaction() as tx:
        server_facts.write(tx)
    pair.promote()
    with database.transaction() as tx:
        server_facts.write(tx)
    database.close()


def test_who_only_reads_asks_anew_where_the_name_leads_to(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(pair.url, name="tests")

    def in_recovery() -> bool:
        with database.snapshot() as tx:
            return server_facts.server_facts(tx).in_recovery

    assert not in_recovery()
    pair.name.path = door(pair.new)
    assert not in_recovery()
    monkeypatch.setattr("tracker.store.database.MAX_CONNECTION_SECONDS", 0.0)
    assert in_recovery()
    database.close()
