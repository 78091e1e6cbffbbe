"""The health check, by command: what is well, what is wrong, and that one does not hide the other."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psutil
import psycopg
import pytest

from tests.support.command_line import tracker
from tests.support.failed_hits import fail
from tests.support.memory_folder import memory_folder
from tests.support.registered_webhooks import register
from tests.support.roles import limit_statements
from tests.support.running import running
from tests.support.waiting import wait_until
from tests.support.with_constants import NOTHING_MOVES
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.embedded import Postgres
from tracker.instance.check import InstanceCheck
from tracker.queueing import ownership
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.store.migrations import migrate


def levels(settings: Settings, **more: str) -> dict[str, str]:
    finished = tracker(settings, "doctor", "--json", constants=NOTHING_MOVES, **more)
    level_of = {finding["check"]: finding["level"] for finding in finished.json}
    assert finished.status == (1 if "fail" in level_of.values() else 0)
    assert all(finding["to_do"] for finding in finished.json if finding["level"] != "ok")
    return level_of


@pytest.fixture
def durable(settings: Settings) -> Iterator[Settings]:
    """The settings of processes on a PostgreSQL that forgets nothing, which those of the other tests may.

    It stands in memory, where there is room: how full this machine's disk is, the doctor would say too.
    """
    with memory_folder() as folder, Postgres(folder) as server:
        server.create_database("tracker")
        url = server.url_of("tracker")
        migrate(url, today=datetime.now(UTC).date())
        yield replace(settings, database_url=url, database_maintenance_url=url, database_read_url=url)


def test_the_doctor_finds_everything_well_while_workers_and_a_scheduler_run(
    durable: Settings, redis: Connection, tmp_path: Path
) -> None:
    settings = durable
    assert levels(settings)["role for reading"] == "warn"
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres SET synchronous_commit = off")
        assert levels(settings)["durability of PostgreSQL"] == "fail"
        connection.execute("ALTER ROLE postgres RESET synchronous_commit")
    limit_statements(settings.database_url, "postgres")
    assert levels(settings)["workers"] == "fail"
    assert levels(settings)["scheduler"] == "fail"
    with running(settings, tmp_path, "worker.py"), running(settings, tmp_path, "scheduler.py"):
        wait_until(lambda: redis.scard("rq:workers"))
        wait_until(lambda: levels(settings)["scheduler"] == "ok")
        level_of = levels(settings)
    assert set(level_of.values()) == {"ok"}, level_of
    assert {"settings", "PostgreSQL", "migrations", "partitions", "Redis", "workers", "queue normal"} <= level_of.keys()


def test_the_doctor_names_each_thing_that_is_wrong(
    settings: Settings, redis: Connection, database: Database, application: Application, empty_database_url: str
) -> None:
    fail(database, application, 1)
    redis.config_set("maxmemory-policy", "allkeys-lru")
    redis.config_set("appendonly", "no")
    try:
        level_of = levels(settings, DATABASE_MAINTENANCE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("appendonly", "yes")
    assert level_of["failed hits"] == "warn"
    assert level_of["durability of PostgreSQL"] == "fail"  # The tests' servers run without fsync.
    assert level_of["eviction policy of Redis"] == level_of["append-only file of Redis"] == "fail"
    assert level_of["direct connection"] == "fail"
    of_empty = levels(replace(settings, database_url=empty_database_url))
    assert of_empty["migrations"] == "fail"
    assert of_empty["answers of PostgreSQL"] == "ok", "it says nothing of a schema that is missing"


@pytest.mark.parametrize("command", [["serve", "--port", "1"], ["worker", "--burst"], ["scheduler", "--check"]])
def test_nothing_starts_on_a_redis_that_would_throw_hits_away(
    command: list[str], settings: Settings, redis: Connection
) -> None:
    redis.config_set("maxmemory-policy", "volatile-lru")
    try:
        finished = tracker(settings, *command)
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
    assert finished.status == 2
    assert "maxmemory-policy volatile-lru" in finished.errors
    assert "noeviction" in finished.errors
    assert "Traceback" not in finished.errors


def test_the_doctor_names_variables_that_set_nothing(settings: Settings) -> None:
    finished = tracker(
        settings, "doctor", "--json", TRACKER_RETENTION_MONTH="3", TRACKER_XYZ="", TRACKER_BATCH_SIZE="9"
    )
    (finding,) = [finding for finding in finished.json if finding["check"] == "unknown settings"]
    assert finding["level"] == "warn"
    assert (
        finding["seen"] == "no setting is called TRACKER_RETENTION_MONTH (for TRACKER_RETENTION_MONTHS?), TRACKER_XYZ"
    )


def test_the_doctor_names_settings_that_contradict_each_other(settings: Settings) -> None:
    token = "x" * 30
    finished = tracker(
        settings,
        "doctor",
        "--json",
        TRACKER_PROXY_HEADER="forwarded",
        TRACKER_METRICS_TOKEN=token,
        TRACKER_ADMIN_TOKEN=token,
        TRACKER_WEBHOOK_DELIVERIES_DAYS="3",
        TRACKER_WEBHOOK_WAITING_LIMIT="10",
    )
    findings = [finding for finding in finished.json if finding["check"] == "settings"]
    assert [finding["level"] for finding in findings] == ["warn"] * 4
    assert token not in finished.output
    words = ["TRUSTED_PROXIES", "METRICS_TOKEN is", "DELIVERIES_DAYS", "WAITING_LIMIT=10"]
    assert all(any(word in finding["seen"] for finding in findings) for word in words)


def test_the_doctor_names_webhooks_that_nobody_can_sign_for(
    settings: Settings, database: Database, application: Application
) -> None:
    register(database, application)
    assert levels(settings)["settings"] == "fail"
    assert levels(settings, TRACKER_SECRET_KEY=str(settings.secret_key))["settings"] == "ok"


def test_the_doctor_names_processes_of_another_version(
    settings: Settings, database: Database, redis: Connection
) -> None:
    InstanceCheck(database, redis, SystemClock(), kind="workers").look()
    assert levels(settings)["versions"] == "ok"
    about = {**orjson.loads(ownership.processes(redis, seconds=60).popitem()[1]), "version": "0.0.9"}
    ownership.note_process(redis, "receiver elsewhere:7", orjson.dumps(about))
    (versions,) = [finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "versions"]
    assert (versions["level"], "1 receiver of 0.0.9" in versions["seen"]) == ("warn", True)


@pytest.mark.long
def test_a_worker_that_was_killed_is_missed_within_half_a_minute(
    settings: Settings, redis: Connection, tmp_path: Path
) -> None:
    with running(settings, tmp_path, "worker.py") as workers:
        wait_until(lambda: redis.scard("rq:workers"))
        wait_until(lambda: levels(settings)["workers"] == "ok")
        family = [*psutil.Process(workers.process.pid).children(recursive=True), workers.process]
        workers.process.send_signal(signal.SIGSTOP)  # So that it starts none anew, and tells none to end.
        for process in family:
            process.kill()
        wait_until(lambda: levels(settings)["workers"] == "fail", 30)


def test_the_doctor_goes_on_where_a_server_is_away(settings: Settings) -> None:
    level_of = levels(settings, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert (level_of["PostgreSQL"], level_of["Redis"]) == ("fail", "ok")
    level_of = levels(settings, REDIS_URL="redis://127.0.0.1:1")
    assert (level_of["PostgreSQL"], level_of["Redis"]) == ("ok", "fail")


def test_the_doctor_does_not_mind_the_gap_that_an_old_import_leaves(settings: Settings) -> None:
    assert tracker(settings, "partitions", "create", "2015-05").status == 0
    findings = {finding["check"]: finding for finding in tracker(settings, "doctor", "--json").json}
    assert findings["partitions"]["level"] == "ok"
    assert "gap from 2015-06-01" in findings["partitions"]["seen"]


def test_the_doctor_counts_the_locks_of_all_months(settings: Settings) -> None:
    (locks,) = [finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "locks"]
    assert locks["level"] == "ok"
    assert "max_locks_per_transaction" in locks["seen"]


def test_the_doctor_sees_a_collation_of_another_version(settings: Settings) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE pg_database SET datcollversion = '0.1' WHERE datname = current_database()")
    (collation,) = [
        finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "collation"
    ]
    assert (collation["level"], "0.1" in collation["seen"]) == ("warn", True)


def test_the_doctor_looks_again_until_it_is_stopped(settings: Settings, tmp_path: Path) -> None:
    with running(settings, tmp_path, "-m", "tracker", "doctor", "--watch", "1") as watching:
        wait_until(lambda: watching.output.count("PostgreSQL ") >= 2)
        assert watching.stop(signal.SIGINT) != 0
