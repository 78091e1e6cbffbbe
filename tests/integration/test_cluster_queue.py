"""The queue of a cluster is that of one server, divided by application."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.integration.conftest import MovableClock
from tests.support.cluster_nodes import ClusterNodes
from tests.support.queue_entries import CREATED, enqueue_each, entry_naming, offer_of
from tracker.clock import SystemClock
from tracker.errors import QueueFull
from tracker.ingest.in_flight import InFlight
from tracker.queueing import adding, filtered, inspection, ledger_counts, ownership, removal, snapshots
from tracker.queueing.connection import ClusterClient
from tracker.queueing.consumer import RETRIES, remove_dead_consumers
from tracker.queueing.entry import FIELDS, IMPORT_PRIORITY
from tracker.queueing.hash_tags import SHARDS
from tracker.queueing.sharded_consumer import AnyConsumer, consumer_of
from tracker.queueing.sharded_producer import ShardedProducer
from tracker.queueing.shards import shards_of
from tracker.queueing.value_sets import ValueSet, admit


@pytest.fixture
def worker(cluster: ClusterClient, clock: MovableClock) -> AnyConsumer:
    return consumer_of(cluster, consumer="worker", batch_size=100, clock=clock)


def test_limits_repeats_and_the_budget_hold_in_each_shard(
    sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    for place, application_id in enumerate(applications[:4]):
        offered = [entry_naming(application_id, 10 * place + hit) for hit in range(1, 6)]
        first = sharded_producer.enqueue(offer_of(application_id, 3, offered[:2], CREATED, ["event", None]))
        assert (first.accepted, first.remaining, first.wake_up_due) == (2, 1, True)
        again = sharded_producer.enqueue(offer_of(application_id, 3, offered[2:], CREATED, ["event", None, None]))
        assert (again.accepted, again.used_up, dict(again.repeats)) == (1, "rate_limit", {0: offered[0].id})


def test_one_worker_claims_from_all_shards_and_settles_where_it_claimed(
    cluster: ClusterClient, sharded_producer: ShardedProducer, worker: AnyConsumer, applications: list[UUID]
) -> None:
    enqueue_each(sharded_producer, applications, hits=10)
    first, second, third = worker.claim(), worker.claim(), worker.claim()
    assert (len(first), len(second), len(third)) == (100, 60, 0)
    assert len({claim.shard for claim in (*first, *second)}) == SHARDS
    assert len({claim.entry.id for claim in (*first, *second)}) == 160
    normal = inspection.depths(cluster)[1]
    assert (normal.waiting, normal.pending) == (0, 160)
    worker.renew(first)
    worker.settle([*first, *second])
    assert sum(depth.waiting + depth.pending for depth in inspection.depths(cluster)) == 0
    worker.close()


def test_entries_with_the_same_place_in_two_shards_are_two(
    cluster: ClusterClient, worker: AnyConsumer, applications: list[UUID]
) -> None:
    for number, shard in enumerate(shards_of(cluster)[:2], 1):
        fields = entry_naming(applications[0], number).to_fields()
        shard.execute_command("XADD", "tracker:hits:normal", "5-5", *_pairs(fields))
    in_flight = InFlight(worker, SystemClock())
    [batch] = in_flight.claim()
    assert [claim.member for claim in batch] == [b"5-5"] * 2
    in_flight.settle(batch[:1])
    in_flight.release()
    assert [depth.pending for depth in inspection.depths(cluster)] == [0, 1, 0, 0, 0]


def _pairs(fields: tuple[object, ...]) -> list[object]:
    return [part for pair in zip(FIELDS, fields, strict=True) for part in pair]


def test_what_failed_is_tried_again_in_its_own_shard_and_what_was_left_behind_is_taken_over(
    cluster: ClusterClient,
    sharded_producer: ShardedProducer,
    worker: AnyConsumer,
    applications: list[UUID],
    clock: MovableClock,
) -> None:
    enqueue_each(sharded_producer, applications)
    claims = worker.claim()
    for claim in claims[:8]:
        worker.postpone(claim, reason="unclear", delay=0)
    worker.release(claims[8:])
    clock.advance(6)
    other = consumer_of(cluster, consumer="other", batch_size=100, clock=clock)
    due, taken_over = [claim for _ in range(8) for claim in other.due()], other.claim()
    assert other.due() == []
    assert {claim.shard for claim in due} == {claim.shard for claim in claims[:8]}
    assert {claim.entry.id for claim in taken_over} == {claim.entry.id for claim in claims[8:]}
    assert [shard.zcard(RETRIES) for shard in shards_of(cluster)].count(1) == 8
    other.settle([*due, *taken_over])
    assert inspection.settled_until(cluster, clock.now()) > clock.now() - timedelta(seconds=1)
    worker.close()
    assert remove_dead_consumers(cluster, idle_seconds=0) >= SHARDS - 8


def test_a_crowd_waits_in_its_own_stream_and_is_served(
    cluster: ClusterClient, sharded_producer: ShardedProducer, worker: AnyConsumer, applications: list[UUID]
) -> None:
    application_id = applications[3]
    sharded_producer.enqueue(
        offer_of(application_id, None, [entry_naming(application_id, n) for n in range(1, 251)], CREATED)
    )
    depths = {depth.name: depth.waiting for depth in inspection.depths(cluster)}
    assert (depths["normal"], depths["overflow"]) == (100, 150)
    sharded_producer.look_at_crowds()
    claimed: set[UUID] = set()
    while claims := worker.claim():
        claimed |= {claim.entry.id for claim in claims}
        worker.settle(claims)
    assert len(claimed) == 250
    assert shards_of(cluster)[3].zcard("tracker:hits:overflowing") == 0


def test_the_queue_limit_is_that_of_all_shards_together(cluster: ClusterClient, applications: list[UUID]) -> None:
    sharded_producer = ShardedProducer(cluster, queue_limit=32)
    enqueue_each(sharded_producer, applications, hits=2)
    sharded_producer.look_at_crowds()
    with pytest.raises(QueueFull):
        sharded_producer.enqueue(offer_of(applications[0], None, [entry_naming(applications[0], 1000)], CREATED))


def test_what_comes_again_goes_into_the_shard_of_its_application(
    cluster: ClusterClient, applications: list[UUID]
) -> None:
    entries = [
        entry_naming(application_id, place, priority=IMPORT_PRIORITY)
        for place, application_id in enumerate(applications, 1)
    ]
    added = adding.add(cluster, entries)
    assert adding.bulk_waiting(cluster) == SHARDS
    assert not adding.is_bulk_taken(cluster, added.last)
    adding.add(cluster, [entry_naming(applications[5], 100)])
    assert [shard.zcard("tracker:hits:overflowing") for shard in shards_of(cluster)] == [0] * 5 + [1] + [0] * 10
    events = [(application, UUID(int=1)) for application in applications]
    with_events = [entry_naming(application_id, 200 + place) for place, application_id in enumerate(applications)]
    assert adding.add_once(cluster, with_events, events) == 0
    repeats = [entry_naming(application_id, 300 + place) for place, application_id in enumerate(applications)]
    assert adding.add_once(cluster, repeats, events) == SHARDS
    assert inspection.find(cluster, with_events[7].id) is not None
    assert inspection.find(cluster, repeats[7].id) is None


def test_an_application_is_forgotten_and_no_other(
    cluster_nodes: ClusterNodes, cluster: ClusterClient, sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    gone, stays = applications[2], applications[9]
    for application_id in (gone, stays):
        sharded_producer.enqueue(
            offer_of(application_id, 5, [entry_naming(application_id, application_id.int)], CREATED, ["event"])
        )
        snapshots.put(cluster, str(application_id), b"{}")
    of_gone = removal.remove_entries(cluster, lambda entry: str(gone).encode() in entry.tracking_data)
    assert (of_gone.streams, removal.count(cluster, lambda _: True)) == (1, (1, 0))
    assert snapshots.forget_application(cluster, gone, str(gone)) >= 2
    left = {key for keys in cluster_nodes.keys().values() for key in keys}
    assert not [key for key in left if str(gone) in key]
    assert [key for key in left if str(stays) in key]
    assert snapshots.get(cluster, str(stays)) == b"{}"


def test_counts_of_all_shards_come_together(
    cluster: ClusterClient, sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    enqueue_each(sharded_producer, applications, hits=2)
    for application_id in applications:
        sharded_producer.count_filtered(filtered.field_of(application_id, "bot", CREATED), 3)
    assert filtered.is_due(cluster)
    assert filtered.claim_turn(cluster)
    assert not filtered.is_due(cluster)
    seen = ledger_counts.look(cluster)
    assert (seen.accepted, seen.waiting, seen.moved_aside) == (32, 32, {})
    bots = [count for count in filtered.not_stored_yet(cluster, applications[4]) if count.reason == "bot"]
    assert [count.hits for count in bots] == [3]
    taken = [filtered.take(shard) for shard in shards_of(cluster)]
    names = {counts.id: 2 for counts in taken if counts is not None}
    assert ledger_counts.look(cluster).moved_aside == names
    before = ledger_counts.epoch(cluster)
    assert ledger_counts.epoch(cluster) == before
    shards_of(cluster)[11].delete("tracker:ledger:epoch")
    assert ledger_counts.epoch(cluster) != before


def test_values_are_admitted_in_the_shards_of_their_applications(
    cluster: ClusterClient, applications: list[UUID]
) -> None:
    sets = {
        ValueSet(application, date(2026, 11, 23), "key", is_long=False): (1, ["a", "b"]) for application in applications
    }
    assert admit(cluster, sets) == {(value_set, "a") for value_set in sets}


def test_a_cluster_in_which_hits_wait_anywhere_is_nobodys_by_itself(
    cluster: ClusterClient, sharded_producer: ShardedProducer, applications: list[UUID]
) -> None:
    sharded_producer.enqueue(offer_of(applications[13], None, [entry_naming(applications[13], 1)], CREATED))
    assert ownership.take(cluster, b"mine", although_hits_wait=False) is None
    assert ownership.take(cluster, b"mine", although_hits_wait=True) == b"mine"
    assert ownership.take(cluster, b"another's", although_hits_wait=False) == b"mine"
