"""The worker's side of the queue: claim entries, then settle, postpone, release or keep them.

An entry belongs to whoever claimed it, until it is settled or postponed; nothing is ever claimed without being
either in its stream or in the set of retries. Belonging is a matter of time, not of locks: who stays silent for
`TAKE_OVER_SECONDS` loses its entries to the next one that asks. It may still be at work, and then both write the
same hit: its primary key lets one of them win (decision 0007), and whatever the other settles is gone already.
"""

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, cast

import redis
from msgspec import Struct
from msgspec.structs import replace

from tracker.clock import Clock
from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.entry import BULK, NORMAL, URGENT, Entry
from tracker.queueing.overflow import OVERFLOW, OVERFLOWING, all_streams, overflow_streams
from tracker.queueing.shards import shards_of

GROUP: Final = "workers"
RETRIES: Final = "tracker:hits:retries"
TAKE_OVER_SECONDS: Final = 15.0
_LOOK_SECONDS = 5.0
"""How often a drain looks for entries to take over; with the watch's 3 s it keeps the whole below 30 s."""
_LEASE_SECONDS = 30.0
_DUE_AT_ONCE = 20
"""Retries are written one by one; this many surely take less time than their lease."""
RELEASED: Final = "released"
"""The consumer that holds what was given back: it never works, so everything it has is free to take."""
DEAD_CONSUMER_SECONDS = 600.0

_ORDER = (URGENT, NORMAL, OVERFLOW, BULK)
_TURNS = {
    3: (NORMAL, URGENT, OVERFLOW, BULK),
    5: (OVERFLOW, URGENT, NORMAL, BULK),
    7: (BULK, NORMAL, URGENT, OVERFLOW),
}
"""Urgent goes first and crowds after what others have waiting, but of eight turns one begins with each of the other
kinds, so that none ever starves."""
_BESIDE = {5: (OVERFLOW, URGENT, NORMAL), 7: (BULK, URGENT, NORMAL)}
"""What is claimed in these turns by a worker that has work left, in the others only what is urgent and normal."""


class Claim(Struct, frozen=True):
    """An entry that is ours for now, and where it stands: a stream and the id in it, or the retries and the member."""

    entry: Entry
    key: str
    member: bytes
    was_anothers: bool = False
    """Whether another worker had it before, which may have stored it."""
    shard: int = 0
    """Which of the shards of a cluster it is in (`tracker.queueing.shards`)."""

    @property
    def place(self) -> tuple[int, str, bytes]:
        """Return where it stands, which no other entry does."""
        return self.shard, self.key, self.member

    @property
    def suspect(self) -> bool:
        """It has failed before for an unclear reason and must be tried alone."""
        return self.key == RETRIES


class Consumer:
    """What one worker holds of a shard, under the name `consumer`, which no other may use at the same time.

    Every method raises QueueUnavailable when Redis does not answer; nothing is lost then, what was claimed stays
    claimed. A Redis that was wiped meanwhile is an empty queue.
    """

    def __init__(self, redis: Connection, *, consumer: str, batch_size: int, clock: Clock, shard: int = 0) -> None:
        self._redis, self._shard = redis, shard
        self._consumer = consumer
        self._batch_size = batch_size
        self._clock = clock
        self._settle = script(redis, "settle")
        self._postpone = script(redis, "postpone")
        self._lease_due = script(redis, "lease_due")
        self._leave = script(redis, "leave")
        self._next_turn = script(redis, "next_turn")
        # A drain may end after few turns; where it begins among the eight is therefore left to its name.
        self._turn = zlib.crc32(consumer.encode()) % 8
        self._look_at = clock.monotonic()

    @property
    def batch_size(self) -> int:
        """Return how many entries `claim` returns at most."""
        return self._batch_size

    @property
    def redis(self) -> Connection:
        """Return the Redis whose entries these are."""
        return self._redis

    def claim(self, *, held: Sequence[Claim] = (), at_most: int | None = None) -> list[Claim]:
        """At most `batch_size` entries: first what others left behind, then new ones; none when the queue is dry.

        Whoever has entries `held` from claims before gets new ones that should not wait behind those: urgent and normal
        ones, and now and then one of the other kinds of which it holds none. `at_most` asks for fewer.
        """
        size = self._batch_size if at_most is None else at_most
        claims: list[Claim] = []
        with translated():
            if self._clock.monotonic() >= self._look_at:
                claims = self._take_over(size)
                # A full batch means that there may be more: look again in the next turn.
                full = len(claims) == size
                self._look_at = self._clock.monotonic() + (0.0 if full else _LOOK_SECONDS)
            self._turn = (self._turn + 1) % 8
            for stream in self._filled(self._order_beside(held) if held else _TURNS.get(self._turn, _ORDER)):
                if room := size - len(claims):
                    claims += self._read_overflow(room) if stream == OVERFLOW else self._read(stream, room)
        return claims

    def due(self) -> list[Claim]:
        """Suspects whose time has come, a few at most, ours for 30 s; each is to be written alone."""
        now = self._clock.now().timestamp()
        with translated():
            members = self._lease_due(keys=[RETRIES], args=[now, now + _LEASE_SECONDS, _DUE_AT_ONCE])
        return [Claim(Entry.from_member(member), RETRIES, member, shard=self._shard) for member in members]

    def settle(self, claims: Sequence[Claim]) -> None:
        """Take entries out of the queue that are stored, or stand in `batch_queue`."""
        if not claims:
            return
        groups = _by_key(claims)
        args: list[Any] = [GROUP]
        for members in groups.values():
            args += (len(members), *members)
        with translated():
            self._settle(keys=list(groups), args=args)

    def postpone(self, claim: Claim, *, reason: str, delay: float) -> None:
        """Count a try that failed, and try again alone in `delay` seconds.

        If another has taken the entry over and settled it meanwhile, nothing happens.
        """
        now = self._clock.now()
        member = claim.entry.failed_once_more(reason, now).to_member()
        with translated():
            self._postpone(keys=[claim.key, RETRIES], args=[GROUP, claim.member, member, now.timestamp() + delay])

    def release(self, claims: Sequence[Claim]) -> None:
        """Give entries back untouched, for whoever asks next: the database is unavailable, and no try is counted.

        They keep their place in the stream and become old enough to be taken over. Should another
        have taken them over already, a third one may write them too, which the primary key settles.
        """
        with translated():
            for key, members in _by_key(claims).items():
                if key == RETRIES:
                    self._redis.zadd(RETRIES, dict.fromkeys(members, self._clock.now().timestamp()), xx=True)
                else:
                    self._claim_again(key, members, consumer=RELEASED, idle=TAKE_OVER_SECONDS + 1)

    def renew(self, claims: Sequence[Claim]) -> None:
        """Say that these are still being worked on; to be called at least every 10 s while a batch takes long."""
        with translated():
            for key, members in _by_key(claims).items():
                if key == RETRIES:
                    until = self._clock.now().timestamp() + _LEASE_SECONDS
                    self._redis.zadd(RETRIES, dict.fromkeys(members, until), xx=True)
                else:
                    self._claim_again(key, members, consumer=self._consumer, idle=0)

    def close(self) -> None:
        """Leave the group, as far as nothing is pending; dead consumers without anything pending leave with us."""
        with translated():
            self._leave(keys=all_streams(self._redis), args=[GROUP, self._consumer, int(DEAD_CONSUMER_SECONDS * 1000)])

    def _order_beside(self, held: Sequence[Claim]) -> list[str]:
        kinds = {OVERFLOW if claim.key.startswith(OVERFLOW) else claim.key for claim in held}
        kinds -= {URGENT, NORMAL}
        return [stream for stream in _BESIDE.get(self._turn, (URGENT, NORMAL)) if stream not in kinds]

    def _filled(self, order: Sequence[str]) -> list[str]:
        """Return those of the streams that hold anything, in one round trip: mostly there is one to read, or none."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for stream in order:
                if stream == OVERFLOW:
                    pipeline.zcard(OVERFLOWING)
                else:
                    pipeline.xlen(stream)
            return [stream for stream, holds in zip(order, pipeline.execute(), strict=True) if holds]

    def _read(self, stream: str, count: int) -> list[Claim]:
        answer = self._in_group(
            stream, lambda: self._redis.xreadgroup(GROUP, self._consumer, {stream: ">"}, count=count)
        )
        return [claim for _, entries in answer for claim in self._claims(stream, entries)]

    def _read_overflow(self, count: int) -> list[Claim]:
        """New entries of the applications with a crowd waiting: of the one whose turn it is, then of the next."""
        claims: list[Claim] = []
        for stream in overflow_streams(self._redis):
            if len(claims) == count:
                break
            claims += self._read(stream, count - len(claims))
            self._next_turn(keys=[OVERFLOWING, stream])
        return claims

    def _take_over(self, count: int) -> list[Claim]:
        """Entries that were claimed `TAKE_OVER_SECONDS` ago and neither settled nor renewed since."""
        claims: list[Claim] = []
        for stream in all_streams(self._redis):
            cursor: bytes = b"0-0"
            while room := count - len(claims):
                # The third part of the answer, ids whose entries were deleted, has left the pending list already.
                answer = self._in_group(stream, partial(self._autoclaim, stream, cursor, room))
                if not answer:
                    break
                cursor, entries, *_ = answer
                claims += [replace(claim, was_anothers=True) for claim in self._claims(stream, entries)]
                if cursor == b"0-0":
                    break
        return claims

    def _autoclaim(self, stream: str, cursor: bytes, count: int) -> object:
        return self._redis.xautoclaim(stream, GROUP, self._consumer, int(TAKE_OVER_SECONDS * 1000), cursor, count=count)

    def _claim_again(self, stream: str, ids: list[bytes], *, consumer: str, idle: float) -> None:
        """Make `consumer` the holder since `idle` seconds. What is no longer pending stays so."""
        self._in_group(
            stream,
            lambda: self._redis.xclaim(stream, GROUP, consumer, 0, list(ids), idle=int(idle * 1000), justid=True),
        )

    def _in_group(self, stream: str, command: Callable[[], object]) -> Any:  # noqa: ANN401 as redis answers
        """Return what `command` answers; where the stream or its group is missing, they are made first.

        The group begins at the stream's beginning: entries may have come before the first worker, or Redis was wiped.
        A stream of an application's own is not made: without entries there is none, and nothing to claim.
        """
        is_shared = not stream.startswith(OVERFLOW)
        try:
            return command()
        except redis.ResponseError:
            try:
                self._redis.xgroup_create(stream, GROUP, id="0", mkstream=is_shared)
            except redis.ResponseError as error:
                if not is_shared and not self._redis.exists(stream):
                    return ()
                # Another worker was faster, or it was not the group that was missing: the second try tells.
                if not str(error).startswith("BUSYGROUP"):
                    raise
            return command()

    def _claims(self, stream: str, entries: list[tuple[bytes | None, dict[bytes, bytes] | None]]) -> list[Claim]:
        claims = []
        for stream_id, fields in entries:
            if stream_id is not None and fields is not None:
                claims.append(Claim(Entry.from_fields(fields, stream_id), stream, stream_id, False, self._shard))
            elif stream_id is not None:
                # Another deleted the entry after it was claimed; an older server still counts it as pending.
                self._redis.xack(stream, GROUP, stream_id)
        return claims


def remove_dead_consumers(redis: Connection, *, idle_seconds: float = DEAD_CONSUMER_SECONDS) -> int:
    """Remove consumers that were silent for so long and hold nothing; how many. Raises QueueUnavailable.

    One that still holds entries is never removed, because Redis would forget them with it: a drain takes these over
    first (`Consumer.claim`), and the watch sees to it that there is a drain.
    """
    args: list[Any] = [GROUP, "", int(idle_seconds * 1000)]
    with translated():
        return sum(cast(int, script(shard, "leave")(keys=all_streams(shard), args=args)) for shard in shards_of(redis))


def _by_key(claims: Sequence[Claim]) -> dict[str, list[bytes]]:
    groups: dict[str, list[bytes]] = {}
    for claim in claims:
        groups.setdefault(claim.key, []).append(claim.member)
    return groups
