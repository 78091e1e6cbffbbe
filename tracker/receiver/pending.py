"""A request between its two steps."""

from collections.abc import Callable
from typing import NamedTuple

from tracker.queueing.producer import Enqueued
from tracker.receiver.enqueue import Offer
from tracker.web.envelope import Answer


class Pending(NamedTuple):
    """A request that can be answered once its entries are in the queue."""

    offer: Offer
    answer: Callable[[Enqueued], Answer]
    """Raises LimitExceeded."""
