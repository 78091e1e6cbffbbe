"""Offers that Redis has taken, and whose answer was lost."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.queue_entries import APPLICATION, CREATED, entry, offer_of
from tests.support.receiving import queued
from tracker.queueing.connection import Connection
from tracker.queueing.producer import Producer
from tracker.queueing.quota import Quota


class LosingAnswers(Producer):
    """Loses the connection right after Redis has taken the first command."""

    has_lost = False

    def _round_trip(self, *sent: Any) -> object:
        answer = super()._round_trip(*sent)
        if not self.has_lost:
            self.has_lost = True
            raise RedisConnectionError("Connection reset by peer")
        return answer


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_offer_whose_answer_was_lost_is_not_refused_for_what_it_has_used_up(
    redis: Connection, *, is_whole: bool
) -> None:
    """429 would bring what is in the queue once more, as other hits."""
    producer = Producer(redis, queue_limit=100)
    offered, quota = [entry(number) for number in (1, 2, 3)], Quota(is_whole=is_whole)
    of_one = LosingAnswers(redis, queue_limit=100).enqueue(offer_of(APPLICATION, 4, offered, CREATED, quota=quota))
    of_a_loop = producer.enqueue(offer_of(APPLICATION, 4, offered, CREATED, quota=quota), is_second=True)
    for enqueued in (of_one, of_a_loop):
        assert (enqueued.accepted, enqueued.limit, enqueued.used_up) == (3, 4, None)
        assert enqueued.reset > 0
    assert {kept.id for kept in queued(redis)} == {kept.id for kept in offered}
    # Whoever comes for the first time is held to the limit.
    assert (
        producer.enqueue(offer_of(APPLICATION, 4, [entry(4), entry(5)], CREATED, quota=quota)).used_up == "rate_limit"
    )
