"""Twice the load that the workers can take, for a minute: as much as ever is stored, nothing acknowledged is lost."""

import http.client
import os
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from tests.support.command_line import tracker
from tests.support.ledger import look
from tests.support.load import installation
from tests.support.queued_hits import rows
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.hit import identity_of
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database

SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "60"))
WARM_SECONDS = SECONDS / 3
SENDERS = 4
BATCH = 100
QUEUED_SECONDS = SECONDS / 12
"""How many seconds of work fit into the memory that hits may take: it is full long before the load ends."""
BYTES_OF_A_HIT = 700

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]


@dataclass
class Crowd:
    """Senders of batches and of single hits at a pace of their own, whatever is answered."""

    port: int
    key: str
    acknowledged: list[UUID] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    retry_after: set[str] = field(default_factory=set)

    def send(self, hits_per_second: float, seconds: float) -> None:
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=self._send, args=[number, hits_per_second / SENDERS, until])
            for number in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, number: int, rate: float, until: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", "X-API-Key": self.key}
        event = {"url": f"https://shop.example/{number}", "session_id": f"s{number}", "custom_params": {"a": 1}}
        batch = orjson.dumps({"app_id": "shop", "events": [event] * BATCH})
        single = orjson.dumps({"app_id": "shop", **event})
        next_at = time.monotonic()
        while time.monotonic() < until:
            for path, body in (("/v1/track/batch", batch), ("/v1/track", single)):
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                read = orjson.loads(answer.read())
                self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
                if answer.status == 200:
                    told = read["data"].get("results") or [{**read["data"], "success": True}]
                    self.acknowledged += [UUID(answer["tracking_id"]) for answer in told if answer["success"]]
                elif answer.status == 503:
                    self.retry_after.add(answer.headers["Retry-After"])
            next_at += (BATCH + 1) / rate
            time.sleep(max(0.0, next_at - time.monotonic()))
        connection.close()


def stored(database: Database) -> int:
    ((hits,),) = rows(database, "SELECT count(*) FROM access_logs")
    return int(hits)


def waiting(database: Database, redis: Connection) -> int:
    return look(database, redis).waiting


def test_twice_the_load_that_can_be_taken_costs_nothing_that_was_acknowledged(
    settings: Settings, redis: Connection, database: Database, tmp_path: Path
) -> None:
    _, key = applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000_000)
    folder = tmp_path / "before"
    folder.mkdir()
    with installation(settings, folder) as running:
        before = Crowd(running.port, key)
        began = time.monotonic()
        before.send(1_000_000, WARM_SECONDS)  # As fast as it is answered, and until all of it is stored.
        wait_until(lambda: waiting(database, redis) == 0, 120)
        best = stored(database) / (time.monotonic() - began)
        used = redis.info("memory")["used_memory"]
    room = int(used + best * QUEUED_SECONDS * BYTES_OF_A_HIT)
    with installation(replace(settings, queue_max_bytes=room), tmp_path) as running:
        crowd = Crowd(running.port, key)
        start, began = stored(database), time.monotonic()
        crowd.send(2 * best, SECONDS)
        took = time.monotonic() - began
        goodput = (stored(database) - start) / took
        left, peak = waiting(database, redis), redis.info("memory")["used_memory_peak"]
        announced = left / goodput
        ended = time.monotonic()
        wait_until(lambda: waiting(database, redis) == 0, 120)
        drained = time.monotonic() - ended
        after = Crowd(running.port, key)
        after.send(best / 4, 3)
        wait_until(lambda: waiting(database, redis) == 0)
    ids = {row for (row,) in rows(database, "SELECT id FROM access_logs")}
    sent = [*before.acknowledged, *crowd.acknowledged, *after.acknowledged]
    lost = {identity_of(tracking_id)[0] for tracking_id in sent} - ids
    offered = BATCH * crowd.statuses.get(200, 0)
    sys.stdout.write(
        f"best {best:,.0f}/s, offered {2 * best:,.0f}/s for {took:.0f} s, goodput {goodput:,.0f}/s = "
        f"{goodput / best:.2f} of the best, statuses {crowd.statuses}, Retry-After {crowd.retry_after}, acknowledged "
        f"{len(sent):,}, lost {len(lost)}, memory {peak / 1e6:.0f} of {room / 1e6:.0f} MB, {left:,} waited, "
        f"announced {announced:.1f} s, drained in {drained:.1f} s\n"
    )
    assert offered
    assert crowd.statuses.get(503, 0) > 10, "it was no overload"
    assert crowd.retry_after
    assert lost == set()
    assert goodput >= 0.9 * best
    assert drained <= announced * 1.2 + 2
    assert set(after.statuses) == {200}
    balance = look(database, redis)
    assert (balance.lost, balance.surplus, balance.failed) == (0, 0, 0)
    assert balance.stored == len(ids)
    verified = tracker(settings, "stats", "verify", "--json")
    assert (verified.status, verified.json["differences"]) == (0, [])
