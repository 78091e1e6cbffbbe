"""Offers in one command come to what they would come to one by one."""

import itertools
import random
from datetime import datetime
from typing import Any
from uuid import UUID

import hiredis
import pytest

from tests.support.queue_entries import APPLICATION, entry, offer_of
from tracker.queueing.accept_command import Offer, PackedOffer
from tracker.queueing.connection import Connection, lua
from tracker.queueing.producer import Producer
from tracker.queueing.quota import AddressShare, Quota

OTHER = UUID(int=8)


@pytest.mark.parametrize("seed", range(12))
def test_a_group_is_answered_and_stored_as_its_offers_would_be_one_by_one(
    queue: Connection, minute: datetime, seed: int
) -> None:
    chance = random.Random(seed)
    budgets = chance.choice([(None, None), (90_000, 50_000)])
    quotas = [
        Quota(bytes_a_day=budgets[0]),
        *(
            Quota(
                open_hits=hits,
                shares=tuple(AddressShare(f"{n}:{bucket}", 3 * n) for n in range(1, networks + 1)),
                bytes_a_day=budgets[1],
                is_whole=is_whole,
            )
            for bucket, networks, hits, is_whole in (
                ("a", 0, 6, False),
                ("b", 1, 6, True),
                ("c", 2, 30, False),
                ("d", 2, 30, True),
                ("e", 0, 30, True),
            )
        ),
    ]
    numbered = itertools.count()
    offers: list[Offer] = []
    for application in (APPLICATION, OTHER, UUID(int=9)):
        for _ in range(chance.randrange(1, 8)):
            size = chance.choice([1, 1, 1, 3, 40])
            entries = [
                entry(
                    next(numbered),
                    priority=chance.choice([0, 0, 1, -1]),
                    tracking_data=b"x" * chance.choice([10, 5000]),
                )
                for _ in range(size)
            ]
            events = chance.choice([[], [chance.choice([None, "a", "b"]) for _ in entries]])
            limit = None if chance.random() < 0.1 else 40
            offers.append(offer_of(application, limit, entries, minute, events, quota=chance.choice(quotas)))
    producer = Producer(queue, queue_limit=chance.choice([100, 10_000]))

    def sent(together: list[PackedOffer]) -> list[Any]:
        return list(queue.eval(lua("accept"), *_arguments(producer.commands.command(together))))  # type: ignore[arg-type]

    def seen() -> dict[bytes, Any]:
        """All that stands in Redis, but for ids in streams, which are times, and how many bytes the day knows of."""
        contents: dict[bytes, Any] = {}
        for key in queue.keys("tracker:[!b]*"):
            kind = queue.type(key)
            if kind == b"stream":
                contents[key] = [fields for _, fields in queue.xrange(key)]
            elif kind == b"hash":
                contents[key] = {
                    name: text for name, text in queue.hgetall(key).items() if name not in {b"first", b"kept"}
                }
            else:
                contents[key] = queue.zrange(key, 0, -1) if kind == b"zset" else queue.get(key)
        return contents

    one_by_one = [sent([producer.commands.packed_offer(offer)])[0] for offer in offers]
    expected = seen()
    queue.flushall()
    # What both have asked for is a worker; who of a group is told to wake it does not matter.
    together = sent([producer.commands.packed_offer(offer) for offer in offers])

    assert [_without_wake_up(answer) for answer in together] == [_without_wake_up(answer) for answer in one_by_one]
    assert sum(answer[2] for answer in together if len(answer) > 1) == 1
    assert seen() == expected


def _without_wake_up(answer: list[Any]) -> list[Any]:
    return answer if len(answer) == 1 else [*answer[:2], *answer[3:]]


def _arguments(command: bytes) -> list[Any]:
    """What stands behind the digest in a packed EVALSHA."""
    reader = hiredis.Reader()
    reader.feed(command)
    _, _, *arguments = reader.gets()
    return [int(arguments[0]), *arguments[1:]]
