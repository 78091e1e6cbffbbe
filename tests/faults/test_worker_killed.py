"""A worker that is killed, or that was only thought dead, at every point of its way: nothing lost, nothing twice."""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.queued_hits import define, drain, enqueue, entry_of, hit_of, rows
from tests.support.registered_webhooks import register
from tests.support.stepping import stepping
from tests.support.waiting import PATIENCE
from tracker.application import Application
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import GROUP, TAKE_OVER_SECONDS
from tracker.queueing.entry import STREAMS
from tracker.queueing.inspection import depths
from tracker.store.database import Database

PROJECT = Path(__file__).resolve().parents[2]
POINTS = ["claimed", "transaction begun", "half written", "about to commit", "committed"]
HITS = 100
TABLES = {
    "access_logs": "SELECT count(*), count(DISTINCT id) FROM access_logs",
    "custom_parameter_values": "SELECT count(*), count(DISTINCT access_log_id) FROM custom_parameter_values",
    "sessions": "SELECT count(*), sum(page_views) FROM sessions",
    "refusals": "SELECT sum(refused), 0 FROM custom_parameter_refusals",
    "failed": "SELECT count(*), 0 FROM batch_queue",
    "statistics_increments": "SELECT sum(total_requests), 0 FROM statistics_increments",
    "hits told": "SELECT count(*), count(DISTINCT event_id) FROM webhook_deliveries WHERE event_type ~ 'created'",
    "sessions told": "SELECT count(*), count(DISTINCT event_id) FROM webhook_deliveries WHERE event_type ~ 'started'",
}
EVERYTHING_ONCE = {
    "access_logs": [(HITS - 1, HITS - 1)],
    "custom_parameter_values": [(HITS - 1, HITS - 1)],
    "sessions": [(10, HITS - 1)],
    "refusals": [(HITS - 1, 0)],
    "failed": [(1, 0)],
    "statistics_increments": [(HITS - 1, 0)],
    "hits told": [(HITS - 1, HITS - 1)],
    "sessions told": [(10, 10)],
}


@contextmanager
def worker_halted_at(point: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker's process that has reached the point."""
    with stepping(environment, "halting_worker", point) as worker:
        assert worker.step() == point
        yield worker.process


@pytest.fixture
def queue(database: Database, redis: Connection, application: Application) -> Connection:
    """A batch that touches every table: sessions, a defined parameter, a refused one, a webhook, a hit that fails."""
    register(database, application, "*")
    define(database, application, "price", "number")
    define(database, application, "sku", "string", validation_rules={"max_length": 1})
    hits = [
        hit_of(application, n, session_id=f"s{n % 10}", custom_params={"price": n, "sku": "long"})
        for n in range(1, HITS)
    ]
    enqueue(redis, [*hits, entry_of(hit_of(application, HITS), tracking_data=b"{}")])
    return redis


def let_claims_grow_old(redis: Connection) -> None:
    """Let the time pass after which others may take over what a silent worker holds."""
    for stream in STREAMS:
        if redis.exists(stream):
            for pending in redis.xpending_range(stream, GROUP, "-", "+", 1000):
                redis.xclaim(
                    stream, GROUP, pending["consumer"], 0, [pending["message_id"]],
                    idle=int(TAKE_OVER_SECONDS * 1000) + 1, justid=True,
                )  # fmt: skip


def tables(database: Database) -> dict[str, list[tuple[int, ...]]]:
    return {name: rows(database, query) for name, query in TABLES.items()}


def left_in_queue(redis: Connection) -> int:
    return sum(depth.waiting + depth.pending for depth in depths(redis))


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_is_killed(point: str, database: Database, queue: Connection, environment: dict[str, str]) -> None:
    with worker_halted_at(point, environment) as process:
        process.kill()
        process.wait()
    stored = HITS - 1 if point == "committed" else 0
    assert rows(database, "SELECT count(*) FROM access_logs") == [(stored,)]
    assert left_in_queue(queue) == HITS

    assert drain(queue, database).stored == 0
    let_claims_grow_old(queue)
    drained = drain(queue, database)

    assert drained.stored == HITS - 1 - stored
    assert tables(database) == EVERYTHING_ONCE
    assert left_in_queue(queue) == 0


@pytest.mark.parametrize("point", ["claimed", "committed"])
def test_a_worker_that_was_thought_dead_goes_on_after_another_took_over(
    point: str, database: Database, queue: Connection, environment: dict[str, str]
) -> None:
    with worker_halted_at(point, environment) as process:
        let_claims_grow_old(queue)
        drain(queue, database)
        assert left_in_queue(queue) == 0
        process.send_signal(signal.SIGUSR1)
        assert process.wait(timeout=PATIENCE) == 0

    assert tables(database) == EVERYTHING_ONCE
    assert left_in_queue(queue) == 0


@pytest.mark.parametrize("point", ["half written", "about to commit"])
def test_a_worker_that_was_thought_dead_commits_while_another_writes_the_same_hits(
    point: str, database: Database, queue: Connection, environment: dict[str, str]
) -> None:
    with worker_halted_at(point, environment) as process, ThreadPoolExecutor(1) as other:
        let_claims_grow_old(queue)
        taken_over = other.submit(drain, queue, database)
        # The primary key of the first hit makes the second worker wait for the first one's transaction.
        while not rows(
            database, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            assert not taken_over.done()
        process.send_signal(signal.SIGUSR1)
        assert process.wait(timeout=PATIENCE) == 0
        drained = taken_over.result(timeout=PATIENCE)

    assert (drained.stored, drained.duplicates) == (0, HITS - 1 + (drained.failed == 0))
    assert tables(database) == EVERYTHING_ONCE
    assert left_in_queue(queue) == 0


def test_a_worker_stopped_in_the_middle_of_a_batch_and_killed_leaves_no_lock_behind(
    database: Database, queue: Connection, environment: dict[str, str]
) -> None:
    with worker_halted_at("half written", environment) as process:
        os.kill(process.pid, signal.SIGSTOP)
        process.kill()
        process.wait()
        let_claims_grow_old(queue)
        drain(queue, database)

    assert tables(database) == EVERYTHING_ONCE
