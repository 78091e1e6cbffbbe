"""Webhooks while schedulers are killed, and while an endpoint hangs among a hundred that do not."""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.consumers import Consumer, Manner, answer, consumer, hang
from tests.support.queued_hits import rows
from tests.support.running import Running, running
from tests.support.waiting import PATIENCE, wait_until
from tests.support.webhook_endpoints import KEY, owe, register, sender_of, states
from tracker.application import Application
from tracker.config import Settings
from tracker.store.database import Database
from tracker.webhooks.concurrency import MAX_CONCURRENCY

pytestmark = pytest.mark.slow


@pytest.fixture
def scheduler(settings: Settings, tmp_path: Path) -> Iterator[Any]:
    """Starts real schedulers whose webhooks may reach loopback; they are gone when the test is."""
    with contextlib.ExitStack() as started:

        def start() -> Running:
            reaching_loopback = {
                "TRACKER_SECRET_KEY": KEY,
                "TRACKER_WEBHOOK_ALLOW_HTTP": "true",
                "TRACKER_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            }
            return started.enter_context(running(settings, tmp_path, "scheduler.py", **reaching_loopback))

        yield start


def slowly(seconds: float) -> Manner:
    def manner(sock: Any, received: Any) -> None:
        time.sleep(seconds)
        answer()(sock, received)

    return manner


def now() -> datetime:
    return datetime.now(UTC)


def test_a_scheduler_that_is_killed_in_mid_send_loses_nothing_and_the_ids_stay(
    scheduler: Any, database: Database, application: Application
) -> None:
    with consumer(slowly(0.05)) as one:
        webhook_id, _ = register(database, application, one.url, now())
        ids = owe(database, webhook_id, now(), 200)
        first = scheduler()
        wait_until(lambda: len(one.received) >= 30)
        first.kill()
        sent, noted = len(one.received), states(database).get("delivered", 0)
        # What the dead one had claimed would come back after a minute.
        with database.transaction() as tx:
            tx.execute("UPDATE webhook_deliveries SET leased_until = now() WHERE leased_until IS NOT NULL")
            tx.execute("DELETE FROM leases")
        scheduler()
        wait_until(lambda: states(database) == {"delivered": 200})
        assert set(one.ids) == set(ids)
        # At most what was sent and not noted yet is sent again.
        assert len(one.ids) - len(ids) <= sent + MAX_CONCURRENCY - noted < len(ids)


def test_a_scheduler_that_is_stopped_ends_what_is_under_way_and_begins_nothing(
    scheduler: Any, database: Database, application: Application
) -> None:
    with consumer(slowly(0.5)) as one:
        webhook_id, _ = register(database, application, one.url, now())
        owe(database, webhook_id, now(), 100)
        first = scheduler()
        wait_until(lambda: len(one.received) >= 8)
        assert first.stop() == 0
        assert states(database)["delivered"] == len(one.received) < 100
        assert rows(database, "SELECT count(*) FROM webhook_deliveries WHERE leased_by IS NOT NULL") == [(0,)]


def test_a_delivery_is_sent_within_about_a_second_when_nothing_else_is_to_do(
    scheduler: Any, database: Database, application: Application
) -> None:
    with consumer() as one:
        webhook_id, _ = register(database, application, one.url, now())
        owe(database, webhook_id, now())
        scheduler()
        wait_until(lambda: len(one.received) == 1)
        took = []
        for number in range(2, 5):
            began = time.monotonic()
            owe(database, webhook_id, now())
            wait_until(lambda number=number: len(one.received) == number)  # type: ignore[misc]
            took.append(time.monotonic() - began)
        assert min(took) < 3  # The machine may be busy twice.


def test_a_hundred_healthy_endpoints_are_served_in_time_beside_one_that_hangs(
    database: Database, application: Application
) -> None:
    """From the commit of a delivery to its arrival; the hanging one is owed ten each time that the others get one."""
    with contextlib.ExitStack() as opened:
        healthy = [opened.enter_context(consumer()) for _ in range(100)]
        hanging: Consumer = opened.enter_context(consumer(hang))
        ids = [register(database, application, one.url, now())[0] for one in healthy]
        bad, _ = register(database, application, hanging.url, now())
        sender, stop = sender_of(database), threading.Event()

        def work() -> None:
            while not stop.is_set():
                sender.turn(lambda: not stop.is_set())
                stop.wait(0.2)

        def rounds(number: int, *, to_the_hanging: int) -> float:
            """A delivery for each that is healthy, again and again; how long all but one of a hundred took at most."""
            for endpoint in healthy:
                endpoint.received.clear()
            noted = dict[str, float]()
            for _ in range(number):
                owe(database, bad, now(), to_the_hanging)
                for webhook_id in ids:
                    [event_id] = owe(database, webhook_id, now())
                    noted[event_id] = time.monotonic()
                wait_until(lambda: sum(len(one.received) for one in healthy) >= len(noted))
            took = sorted(received.at - noted[received.id] for one in healthy for received in one.received)
            assert len(took) == len(noted)
            return took[int(0.99 * len(took))]

        thread = threading.Thread(target=work)
        thread.start()
        calm = rounds(2, to_the_hanging=0)
        beside_one_that_hangs = rounds(5, to_the_hanging=10)
        assert hanging.received
        stop.set()
        hanging.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        # A busy machine takes its time, with or without the one that hangs.
        assert beside_one_that_hangs < 3 + 2 * calm
