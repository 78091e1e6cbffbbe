"""Hits on the event loop: the steps of `tracker.receiver.tracking`, with the queue asked in groups; nothing waits.

What would have to wait (an application that is not in memory, Redis away) and what takes long (a large batch) is left
to the same endpoint of the WSGI application, in a thread. An offer that Redis did not answer is made again there with
the same entries: their ids make that harmless.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tracker.clock import Clock
from tracker.errors import NoAnswer, QueueAway, QueueFull
from tracker.queueing.group_commit import GroupCommit
from tracker.queueing.producer import Enqueued
from tracker.receiver.acceptance import ReceiverContext
from tracker.receiver.application_cache import WouldWait
from tracker.receiver.application_directory import ApplicationDirectory, KnownApplications
from tracker.receiver.dialect_endpoint import DialectEndpoint
from tracker.receiver.pending import Pending
from tracker.receiver.tracking import TrackingEndpoint
from tracker.web.envelope import Answer

_MAX_BODY = 65_536
"""Bytes of a batch that is judged on the loop, which takes milliseconds; a larger one goes into a thread."""

Respond = Callable[[Answer], None]
InThread = Callable[[Callable[[], Enqueued], Callable[[Callable[[], Enqueued]], None]], bool]
"""Do the first in a thread, then call the second on the loop with its outcome; False where too much waits."""


class LoopTracking:
    """Takes requests of tracking endpoints on the loop."""

    def __init__(
        self,
        context: ReceiverContext,
        applications: ApplicationDirectory,
        queue: GroupCommit,
        clock: Clock,
        in_thread: InThread,
    ) -> None:
        self._context = replace(context, applications=KnownApplications(applications))
        self._queue, self._clock, self._in_thread = queue, clock, in_thread

    def handle(self, endpoint: TrackingEndpoint | DialectEndpoint, environ: dict[str, Any], respond: Respond) -> bool:
        """Answer now or later, or return False: the request is then as it was."""
        if self._context.hit_queue.is_redis_away or not self._queue.is_ready():
            return False
        if len(environ.get("CONTENT_LENGTH", "")) > 5 and int(environ["CONTENT_LENGTH"]) > _MAX_BODY:  # noqa: PLR2004 digits
            return False
        try:
            begun = endpoint.begin(self._own, environ, self._clock)
        except WouldWait:
            environ["wsgi.input"].seek(0)
            return False
        if isinstance(begun, Answer):
            respond(begun)
            return True

        offer = begun.offer
        self._queue.enqueue(
            offer.application.id,
            offer.application.rate_limit_per_minute,
            offer.entries,
            offer.now,
            offer.event_ids,
            quota=offer.quota,
            answered=partial(self._offered, begun, partial(self._finish, endpoint, begun, environ, respond)),
        )
        return True

    def _finish(
        self,
        endpoint: TrackingEndpoint | DialectEndpoint,
        pending: Pending,
        environ: dict[str, Any],
        respond: Respond,
        offered: Callable[[], Enqueued],
    ) -> None:
        respond(endpoint.finish(pending, offered, environ, self._clock))

    def _own(self) -> ReceiverContext:
        return self._context

    def _offered(
        self,
        pending: Pending,
        finish: Callable[[Callable[[], Enqueued]], None],
        answered: Callable[[], Enqueued],
    ) -> None:
        """Redis has answered, or has not."""
        hit_queue = self._context.hit_queue
        try:
            enqueued = answered()
        except QueueFull as error:
            refused = hit_queue.refuse_full(pending.offer, error)
            finish(partial(_raise, refused))
        except QueueAway as error:
            if isinstance(error, NoAnswer):
                hit_queue.note_away(error)
            if not self._in_thread(partial(hit_queue.enqueue, pending.offer), finish):
                finish(partial(_raise, error))
        else:
            hit_queue.note_taken(enqueued)
            finish(lambda: enqueued)


def _raise(error: Exception) -> Enqueued:
    raise error
