"""The receiver's side of all shards: an offer goes to the shard of its application, in one round trip as ever."""

import asyncio

from tracker.queueing.accept_command import Offer
from tracker.queueing.connection import Connection
from tracker.queueing.filtered import application_in
from tracker.queueing.group_commit import Answered, GroupCommit
from tracker.queueing.producer import Enqueued, Producer
from tracker.queueing.shards import shard_number, shards_of


class ShardedProducer:
    """Where accepted hits go: a `Producer` for each shard, of which one server has one. Thread-safe, safe to fork."""

    def __init__(self, redis: Connection, *, queue_limit: int, max_bytes: int = 0) -> None:
        """`max_bytes` is how much memory a node may take, 0 for three quarters of its maxmemory."""
        self.shards = [Producer(shard, queue_limit=queue_limit, max_bytes=max_bytes) for shard in shards_of(redis)]

    def look_at_memory(self) -> None:
        """Do what `Producer.look_at_memory` says: the hits of a shard go by the memory of its node."""
        for shard in self.shards:
            shard.look_at_memory()

    def look_at_crowds(self) -> None:
        """Do what `Producer.look_at_crowds` says, and see how much waits in other shards, for the queue limit."""
        if len(self.shards) == 1:
            self.shards[0].look_at_crowds()
            return
        crowds = [shard.crowds() for shard in self.shards]
        waiting = [
            sum(crowd.values()) + shard.shared_waiting() for crowd, shard in zip(crowds, self.shards, strict=True)
        ]
        for shard, crowd, here in zip(self.shards, crowds, waiting, strict=True):
            shard.commands.note_crowds(crowd, sum(waiting) - here)

    def enqueue(self, offer: Offer, *, is_second: bool = False) -> Enqueued:
        """Do what `Producer.enqueue` says."""
        shard = self.shards[shard_number(offer.application.id, len(self.shards))]
        return shard.enqueue(offer, is_second=is_second)

    def count_filtered(self, field: str, hits: int) -> None:
        """Count as `Producer.count_filtered` does."""
        self.shards[shard_number(application_in(field), len(self.shards))].count_filtered(field, hits)


class ShardedGroupCommit:
    """The groups of one process, over a connection for each shard. To be used on the loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, producer: ShardedProducer) -> None:
        self._shards = [GroupCommit(loop, shard) for shard in producer.shards]

    def is_ready(self) -> bool:
        """Return whether offers can be made to all shards; where not, connections are on their way."""
        ready = [shard.is_ready() for shard in self._shards]
        return all(ready)

    def enqueue(self, offer: Offer, answered: Answered) -> None:
        """Do what `GroupCommit.enqueue` says."""
        self._shards[shard_number(offer.application.id, len(self._shards))].enqueue(offer, answered)

    def close(self) -> None:
        for shard in self._shards:
            shard.close()


def group_commit(loop: asyncio.AbstractEventLoop, producer: ShardedProducer) -> GroupCommit | ShardedGroupCommit:
    """Return what sends the offers of this loop, without a step between where there is one shard."""
    if len(producer.shards) == 1:
        return GroupCommit(loop, producer.shards[0])
    return ShardedGroupCommit(loop, producer)
