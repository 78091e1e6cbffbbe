"""The hits of an import written at once, a block in a transaction, without the way through the queue.

They are written by what writes the workers' batches (`tracker.ingest.write`), under the same identities, after the same
checks. Nothing of a block waits anywhere: whoever is killed reads its lines again. What the database refuses, or cannot
take now, goes into the queue, where a worker finds out which hit it is and tries again.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol
from uuid import UUID

from tracker.clock import Clock
from tracker.errors import DatabaseUnavailable, QueueUnavailable, Refused, Unclear, Unstorable
from tracker.hit import Hit
from tracker.ingest.application_lookup import ApplicationLookup, Known
from tracker.ingest.bisect_batch import FAULTS
from tracker.ingest.check import Failed, Good, Read, check
from tracker.ingest.parts import parts_of
from tracker.ingest.write import Written, write
from tracker.instruments import BATCH_HITS, BATCH_SECONDS, HITS_IMPORTED, HITS_REPEATED, HITS_STORED
from tracker.log import logger
from tracker.queueing.consumer import Claim
from tracker.queueing.entry import Entry, import_priority
from tracker.store import imports
from tracker.store.database import Database
from tracker.store.imports import TakenHits

_MANY_WAITING: Final = 500
"""Hits in the queue, of visitors who are there now, beside which a block waits: workers have some hundred in hand."""
_LOOK_AGAIN: Final = 0.05
_MAX_WAIT_SECONDS: Final = 2.0
"""How long a block waits for them: an import goes on where no worker takes what waits."""
_OF_A_BLOCK: Final = UUID(int=0)
"""Stands for the ids of entries that were in no queue."""

_log = logger(__name__)


class Queue(Protocol):
    """Takes what is not written at once."""

    def add(self, import_id: int, hits: Sequence[Hit], /) -> TakenHits: ...


class BlockWriter:
    """Writes the hits of one application's imports."""

    def __init__(
        self,
        database: Database,
        queue: Queue,
        clock: Clock,
        *,
        urgent_waiting: Callable[[], int],
        publish: Callable[[], object],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`urgent_waiting` says how many hits wait that go before imported ones; `publish` tells the metrics."""
        self._database, self._queue, self._clock = database, queue, clock
        self._applications = ApplicationLookup(database, clock)
        self._urgent_waiting, self._publish, self._pause = urgent_waiting, publish, pause

    def add(self, import_id: int, hits: Sequence[Hit]) -> TakenHits:
        """Write hits of one import and one application.

        Raises QueueUnavailable where they can neither be written nor queued, Refused where the application takes no
        hits any more.
        """
        self._let_others_pass()
        try:
            known = self._applications.of({hits[0].app_id})[hits[0].app_id]
        except DatabaseUnavailable:
            return self._queue.add(import_id, hits)
        if known is None or not known.application.takes_hits:
            raise Refused("CONFLICT", 409, f"The application {hits[0].app_id} takes no hits any more.")
        entry = Entry(
            id=_OF_A_BLOCK,
            tracking_data=b"",
            priority=import_priority(import_id),
            created_at=(now := self._clock.now()),
            updated_at=now,
        )
        checked = _checked(hits, Claim(entry, "", b""), known)
        good = [item for item in checked if isinstance(item, Good)]
        # A worker says what is wrong with them, where it is kept and can be looked at.
        left = [hit for hit, item in zip(hits, checked, strict=True) if isinstance(item, Failed)]
        stored = repeated = 0
        # Without parameters nothing makes a block larger than its lines, which are bounded.
        may_be_large = not good or known.defaults or any(item.hit.custom_params for item in good)
        for part in parts_of(good, {hits[0].app_id: known}) if may_be_large else [good]:
            written = self._written([item for item in part if isinstance(item, Good)])
            if written is None:
                left += [item.hit for item in part if isinstance(item, Good)]
            else:
                stored, repeated = stored + written.stored, repeated + written.duplicates
        self._tell_metrics()
        queued = self._queue.add(import_id, left).queued if left else 0
        return TakenHits(stored=stored, known=repeated, queued=queued)

    def _written(self, part: Sequence[Good]) -> Written | None:
        """Return what a transaction did, or None where it is not known to have done it."""
        try:
            with BATCH_SECONDS.time():
                written = write(
                    self._database, part, self._clock, batch_size=len(part), begin=imports.hold_off_erasures
                )
        except (DatabaseUnavailable, Unstorable, Unclear, *FAULTS) as error:
            # A commit whose answer got lost may have happened: the worker knows the hits again.
            _log.warning("a block of an import goes through the queue", hits=len(part), reason=str(error))
            return None
        HITS_IMPORTED.inc(len(part))
        HITS_STORED.inc(written.stored)
        HITS_REPEATED.inc(written.duplicates)
        BATCH_HITS.observe(len(part))
        return written

    def _tell_metrics(self) -> None:
        try:
            self._publish()
        except QueueUnavailable as error:
            # They are told the next time.
            _log.debug("metrics are not told", reason=str(error))

    def _let_others_pass(self) -> None:
        """Wait while many hits of visitors wait, for some time."""
        until = self._clock.monotonic() + _MAX_WAIT_SECONDS
        try:
            while self._urgent_waiting() > _MANY_WAITING and self._clock.monotonic() < until:
                self._pause(_LOOK_AGAIN)
        except QueueUnavailable as error:
            # Then nobody waits there; receivers keep what comes in `batch_queue`.
            _log.debug("the queue is unavailable", reason=str(error))


def _checked(hits: Sequence[Hit], claim: Claim, known: Known) -> list[Good | Failed]:
    """Check hits as a worker does; those without parameters, nearly all, have one answer between them."""
    applications = {known.application.app_id: known}
    bare = check(Read(claim, hits[0].replace(custom_params=None)), applications)
    if isinstance(bare, Failed) or bare.hit.custom_params is not None:
        return [check(Read(claim, hit), applications) for hit in hits]
    return [
        Good(claim, hit, bare.values, bare.refusals, bare.audience)
        if hit.custom_params is None
        else check(Read(claim, hit), applications)
        for hit in hits
    ]
