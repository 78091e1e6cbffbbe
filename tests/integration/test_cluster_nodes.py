"""A cluster of three primaries and three replicas: what lies where, and who is asked."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID, uuid4

from tests.support.cluster_nodes import ClusterNodes
from tests.support.queue_entries import CREATED, enqueue_each, entry_naming, offer_of
from tests.support.waiting import wait_until
from tracker.errors import QueueUnavailable
from tracker.queueing import inspection, server_facts
from tracker.queueing.connection import ClusterClient, Connection, connect
from tracker.queueing.hash_tags import SHARDS, TAGS
from tracker.queueing.memory import memory_use
from tracker.queueing.producer import Enqueued
from tracker.queueing.sharded_producer import ShardedGroupCommit, ShardedProducer, group_commit
from tracker.queueing.shards import primaries_of, shards_of


def test_hits_spread_over_the_nodes_with_all_that_belongs_to_an_application_under_one_tag(
    cluster_nodes: ClusterNodes, sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    enqueued = enqueue_each(sharded_producer, applications)
    assert [enqueued_here.accepted for enqueued_here in enqueued] == [1] * SHARDS
    for shard, application_id in enumerate(applications):
        mine = [key for keys in cluster_nodes.keys().values() for key in keys if str(application_id) in key]
        assert mine
        assert all(f"{{{TAGS[shard]}}}" in key for key in mine)
    streams = {place: sum("hits:normal" in key for key in keys) for place, keys in cluster_nodes.keys().items()}
    assert sorted(streams.values()) == [5, 5, 6]


def test_a_hit_costs_one_command_at_one_node_and_no_other_round_trip(
    cluster_nodes: ClusterNodes, sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    enqueue_each(sharded_producer, applications)  # Connections and scripts are there now.
    for node in cluster_nodes.nodes:
        node.client.config_resetstat()
    for _ in range(10):
        enqueue_each(sharded_producer, applications)
    calls = dict.fromkeys(("evalsha", "eval", "script|load", "asking"), 0)
    for node in cluster_nodes.nodes:
        # What a script calls is counted here too, but no script calls these.
        counted = node.client.info("commandstats")
        for name in calls:
            calls[name] += counted.get(f"cmdstat_{name}", {"calls": 0})["calls"]
        moved = node.client.info("errorstats").get("errorstat_MOVED")
        assert moved is None
    assert calls == {"evalsha": 10 * SHARDS, "eval": 0, "script|load": 0, "asking": 0}


def test_every_node_is_looked_at(cluster_nodes: ClusterNodes, cluster: ClusterClient) -> None:
    assert len(list(primaries_of(cluster))) == 3
    server_facts.write(cluster)
    assert [any("health" in key for key in keys) for keys in cluster_nodes.keys().values()] == [True] * 3
    fullest = cluster_nodes.nodes[1].client
    fullest.config_set("maxmemory", 100_000_000)
    try:
        assert memory_use(cluster, 0).limit == 75_000_000
    finally:
        fullest.config_set("maxmemory", 0)
    known = cluster.topology.nodes()
    assert len(known) == 6
    assert sorted(len(node.slots) for node in known) == [0, 0, 0, 1, 1, 1]
    assert sum(node.follows is not None for node in known) == 3


def test_groups_of_a_loop_go_to_the_shards_of_their_applications(
    cluster: ClusterClient, sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    def offers() -> list[int]:
        return asyncio.run(_offered(sharded_producer, applications))

    assert offers() == [1] * SHARDS * 5
    assert sum(depth.waiting for depth in inspection.depths(cluster)) == SHARDS * 5


async def _offered(sharded_producer: ShardedProducer, applications: list[UUID]) -> list[int]:
    loop = asyncio.get_running_loop()
    queue = group_commit(loop, sharded_producer)
    assert isinstance(queue, ShardedGroupCommit)
    while not queue.is_ready():  # noqa: ASYNC110 it has no event: hits that find no connection go elsewhere
        await asyncio.sleep(0.01)
    answers: list[asyncio.Future[int]] = []
    for number in range(5):
        for application_id in applications:
            answer: asyncio.Future[int] = loop.create_future()
            answers.append(answer)

            def told(outcome: Callable[[], Enqueued], answer: asyncio.Future[int] = answer) -> None:
                answer.set_result(outcome().accepted)

            queue.enqueue(
                offer_of(
                    application_id,
                    None,
                    [entry_naming(application_id, uuid4().int >> 1 | number)],
                    datetime.now(UTC),
                ),
                told,
            )
    accepted = await asyncio.gather(*answers)
    queue.close()
    return list(accepted)


def test_slots_that_move_are_followed_at_once(
    cluster_nodes: ClusterNodes, cluster: ClusterClient, sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    """CLUSTER MIGRATESLOTS moves a slot as a whole: a client hears MOVED, asks where it is, and says it again there."""
    shard = shards_of(cluster)[0]
    slot = shard.connection_pool.connection_kwargs["primary"].slot
    former, other = cluster_nodes.nodes[0].client, cluster_nodes.nodes[1].client
    enqueue_each(sharded_producer, applications)
    for source, target in ((former, other), (other, former)):
        target_id = target.execute_command("CLUSTER", "MYID")
        source.execute_command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target_id)
        wait_until(lambda target=target: slot in _slots_of(target))
        taken = sharded_producer.enqueue(
            offer_of(applications[0], None, [entry_naming(applications[0], uuid4().int)], CREATED)
        )
        assert taken.accepted == 1
    assert shard.xlen("tracker:hits:normal") == 3


def _slots_of(client: Connection) -> set[int]:
    myself = client.execute_command("CLUSTER", "MYID")
    rows = client.execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
    return {slot for first, last, owner, *_ in rows if owner[2] == myself for slot in range(first, last + 1)}


def test_one_node_as_if_it_were_a_server_is_refused_in_a_sentence(
    cluster_nodes: ClusterNodes, cluster: ClusterClient
) -> None:
    refused: list[str] = []
    for node in cluster_nodes.nodes[:3]:
        with closing(connect(f"redis://127.0.0.1:{node.port}", name="tests")) as client:
            try:
                server_facts.write(client)
            except QueueUnavailable as error:
                refused.append(str(error))
    assert len(refused) == 2  # One of the three has the key.
    assert all("REDIS_URL must begin with redis+cluster://" in sentence for sentence in refused)
