"""Counting what a drain does, and saying it: one line a drain, and one for each class of failures."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from tracker.ingest.bisect_batch import Postponed
from tracker.ingest.write import Written
from tracker.instruments import BATCH_HITS, DRAINS, HITS_FAILED, HITS_REPEATED, HITS_RETRIED, HITS_STORED
from tracker.log import logger
from tracker.store.batch_jobs import SMALL

_log = logger(__name__)

Ended = Literal["dry", "time", "away", "interrupted"]
"""Why a drain ended: nothing was left, its time was over, a server was unavailable, an exception came through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What a drain did: batches, and hits by what became of them."""

    ended: Ended
    batches: int
    stored: int
    duplicates: int
    failed: int
    postponed: int


class DrainCounts:
    """The counts of one drain so far."""

    def __init__(self) -> None:
        self._batches = self._stored = self._duplicates = self._failed = self._postponed = 0
        self._classes: Counter[str] = Counter()
        self._examples: dict[str, tuple[str, str]] = {}

    def count(self, outcome: Written | Postponed) -> None:
        """Add one outcome."""
        if isinstance(outcome, Postponed):
            self._postponed += 1
            HITS_RETRIED.inc()
            self._note("postponed", str(outcome.claim.entry.id), outcome.reason)
            return
        self._batches += outcome.batches
        self._stored += outcome.stored
        self._duplicates += outcome.duplicates
        self._failed += len(outcome.failed)
        HITS_STORED.inc(outcome.stored)
        HITS_REPEATED.inc(outcome.duplicates)
        BATCH_HITS.observe(outcome.stored + outcome.duplicates + len(outcome.failed))
        for item in outcome.failed:
            HITS_FAILED.labels(item.kind).inc()
            self._note(item.kind, str(item.claim.entry.id), item.reason)

    def drained(self, ended: Ended) -> Drained:
        """Return the counts, final."""
        return Drained(
            ended=ended,
            batches=self._batches,
            stored=self._stored,
            duplicates=self._duplicates,
            failed=self._failed,
            postponed=self._postponed,
        )

    def report(self, ended: Ended, seconds: float) -> None:
        """Count it and log it. A drain that found nothing is no line, nor is one of a few hits that went well.

        At low traffic nearly every hit has a drain of its own; metrics and `batch_jobs` count them.
        """
        DRAINS.labels(ended).inc()
        for kind, hits in self._classes.items():
            entry, reason = self._examples[kind]
            _log.warning("hits not stored", kind=kind, hits=hits, entry=entry, reason=reason)
        if self._batches or self._postponed or ended != "dry":
            is_small = ended == "dry" and self._stored <= SMALL and not (self._failed or self._postponed)
            say = _log.debug if is_small else _log.info
            say(
                "drained",
                ended=ended,
                batches=self._batches,
                hits=self._stored,
                duplicates=self._duplicates,
                failed=self._failed,
                postponed=self._postponed,
                ms=round(seconds * 1000),
            )

    def _note(self, kind: str, entry: str, reason: str) -> None:
        self._classes[kind] += 1
        self._examples.setdefault(kind, (entry, reason))
