"""The workers' side of a cluster: every worker reads all shards in turn, and settles what it claimed where it stood."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress

from tracker.clock import Clock
from tracker.errors import QueueUnavailable
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import Claim, Consumer
from tracker.queueing.shards import shards_of


class ShardedConsumer:
    """What one worker holds of all shards: a `Consumer` for each, and everything said there holds here.

    A shard whose node does not answer ends the drain as an outage does; the next drain begins at another shard.
    """

    def __init__(self, redis: Connection, *, consumer: str, batch_size: int, clock: Clock) -> None:
        self._redis, self._batch_size = redis, batch_size
        self._shards = [
            Consumer(shard, consumer=consumer, batch_size=batch_size, clock=clock, shard=number)
            for number, shard in enumerate(shards_of(redis))
        ]
        # Workers begin at different shards, by their names.
        self._next = zlib.crc32(consumer.encode()) % len(self._shards)

    @property
    def batch_size(self) -> int:
        return self._batch_size

    @property
    def redis(self) -> Connection:
        return self._redis

    def claim(self, *, held: Sequence[Claim] = ()) -> list[Claim]:
        """Claim from one shard after the other until a batch is full; the next turn begins where this one ended."""
        claims: list[Claim] = []
        for _ in self._shards:
            room = self._batch_size - len(claims)
            if not room:
                break
            number, self._next = self._next, (self._next + 1) % len(self._shards)
            claims += self._shards[number].claim(held=held, at_most=room)
        return claims

    def due(self) -> list[Claim]:
        """Return the suspects of one shard: they are written one by one, and those of all would outlast their lease."""
        return next((claims for shard in self._shards if (claims := shard.due())), [])

    def settle(self, claims: Sequence[Claim]) -> None:
        for shard, of_shard in self._by_shard(claims):
            shard.settle(of_shard)

    def postpone(self, claim: Claim, *, reason: str, delay: float) -> None:
        self._shards[claim.shard].postpone(claim, reason=reason, delay=delay)

    def release(self, claims: Sequence[Claim]) -> None:
        for shard, of_shard in self._by_shard(claims):
            with suppress(QueueUnavailable):  # What cannot be given back now is taken over when its node is back.
                shard.release(of_shard)

    def renew(self, claims: Sequence[Claim]) -> None:
        for shard, of_shard in self._by_shard(claims):
            shard.renew(of_shard)

    def close(self) -> None:
        for shard in self._shards:
            shard.close()

    def _by_shard(self, claims: Sequence[Claim]) -> Iterator[tuple[Consumer, list[Claim]]]:
        of_shards: dict[int, list[Claim]] = {}
        for claim in claims:
            of_shards.setdefault(claim.shard, []).append(claim)
        for number, of_shard in of_shards.items():
            yield self._shards[number], of_shard


AnyConsumer = Consumer | ShardedConsumer


def consumer_of(redis: Connection, *, consumer: str, batch_size: int, clock: Clock) -> AnyConsumer:
    """Return what claims from all shards; of one server there is one, and nothing stands between."""
    kind = Consumer if len(shards_of(redis)) == 1 else ShardedConsumer
    return kind(redis, consumer=consumer, batch_size=batch_size, clock=clock)
