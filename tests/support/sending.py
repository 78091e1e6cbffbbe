"""Clients that send hit after hit, and what was acknowledged when: for tests in which a server of Redis is replaced."""

import contextlib
import http.client
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from tests.support.command_line import tracker
from tests.support.queued_hits import rows
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.hit import identity_of
from tracker.store.database import Database


@dataclass
class Sending:
    """What was sent for one application after the other."""

    port: int
    app_ids: Sequence[str]
    pause: float
    """Seconds between two hits of a client."""
    acknowledged: dict[UUID, float] = field(default_factory=dict)
    app_id_of: dict[UUID, str] = field(default_factory=dict)
    refused: list[tuple[float, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, first: int) -> None:
        """Be one client, which begins with that application."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for number in itertools.count(first):
            if self.stopped.wait(self.pause):
                break
            app_id = self.app_ids[number % len(self.app_ids)]
            body = orjson.dumps({"app_id": app_id, "url": "https://shop.example/"})
            connection.request("POST", "/v1/track", body=body, headers={"Content-Type": "application/json"})
            with contextlib.closing(connection.getresponse()) as answer:
                said = orjson.loads(answer.read())
            if said["success"]:
                tracking_id = UUID(said["data"]["tracking_id"])
                self.app_id_of[tracking_id] = app_id
                self.acknowledged[tracking_id] = time.time()
            else:
                self.refused.append((time.time(), said["error"]["code"]))
        connection.close()

    def lost(self, settings: Settings, database: Database, **variables: str) -> dict[UUID, float]:
        """What was acknowledged and is not stored, once nothing waits any more; and that nothing stands there twice."""
        self.stopped.set()

        def is_dry() -> bool:
            waiting = tracker(settings, "queue", "status", "--json", **variables).json
            in_streams = any(stream["waiting"] or stream["pending"] for stream in waiting["streams"])
            return not in_streams and not waiting["batch_queue"].get("queued")

        wait_until(is_dry)
        there = rows(database, "SELECT id FROM access_logs")
        ids = {number for (number,) in there}
        assert len(ids) == len(there)
        return {hit: at for hit, at in self.acknowledged.items() if identity_of(hit)[0] not in ids}


@contextmanager
def sending(port: int, *, clients: int, pause: float, app_ids: Sequence[str] = ("shop",)) -> Iterator[Sending]:
    """So many clients until the block ends; they begin with different applications."""
    load = Sending(port, app_ids, pause)
    firsts = [number * len(app_ids) // clients for number in range(clients)]
    threads = [threading.Thread(target=load.run, args=[first]) for first in firsts]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stopped.set()
        for thread in threads:
            thread.join()
