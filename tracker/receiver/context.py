"""What the steps of a hit work with: the services of the process, and the request that brings it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import Struct

from tracker.clock import Clock
from tracker.queueing.accept_command import Offer
from tracker.queueing.producer import Enqueued
from tracker.receiver.application_directory import Applications
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.receiver.enqueue import HitQueue
from tracker.receiver.filtering import FilteredCounts
from tracker.receiver.hit_building import HitIds
from tracker.receiver.kept_months import KeptMonths
from tracker.receiver.rules import RuleBook
from tracker.web.envelope import Answer
from tracker.web.key_usage import KeyUse
from tracker.web.request_headers import Sender, TrustedProxies


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverContext:
    """What accepting hits needs; one per process."""

    applications: Applications
    hit_ids: HitIds
    hit_queue: HitQueue
    filtered: FilteredCounts
    key_use: KeyUse
    background_tasks: BackgroundTasks
    clock: Clock
    proxies: TrustedProxies
    max_retries: int
    rules: RuleBook
    months: KeptMonths
    salt: bytes
    """Of the buckets in which addresses are counted."""


class HitRequest(Struct, frozen=True):
    """A request that brings hits, as every step takes it: who sent it is read once."""

    environ: Mapping[str, Any]
    now: datetime
    sender: Sender
    presented: str | None
    """What stands in the place of a key; it may be an `app_id` or nonsense."""
    dialect: str | None = None
    """The dialect that an application must have switched on for this request."""


class Pending(Struct, frozen=True):
    """A request between its two steps: it can be answered once its entries are in the queue."""

    offer: Offer
    answer: Callable[[Enqueued], Answer]
    """Raises LimitExceeded."""
