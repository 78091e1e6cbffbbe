"""What the processes count about their own work: Prometheus' instruments, and what has not been told of them yet.

An instrument counts in its own process. Every few seconds, and when it ends, a process adds what it has counted since
to a hash in Redis (`tracker.queueing.metric_counts`), so that one answer speaks for all receivers, for RQ's short-lived
forks and for the scheduler (docs/metrics.md). A process that is killed forgets the last seconds: these are numbers to
look at, and nothing is decided by them.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY: Final = CollectorRegistry(auto_describe=False)

HITS_ACCEPTED: Final = Counter(
    "tracker_hits_accepted", "Hits that were acknowledged and put into the queue.", registry=REGISTRY
)
HITS_FILTERED: Final = Counter(
    "tracker_hits_filtered", "Hits that were left out, by reason.", ["reason"], registry=REGISTRY
)
REQUESTS_REFUSED: Final = Counter(
    "tracker_requests_refused", "Requests for hits that were refused, by the error's code.", ["code"], registry=REGISTRY
)
HITS_IMPORTED: Final = Counter("tracker_hits_imported", "Hits of imported logs.", registry=REGISTRY)
HITS_STORED: Final = Counter("tracker_hits_stored", "Hits that were written to PostgreSQL.", registry=REGISTRY)
HITS_REPEATED: Final = Counter(
    "tracker_hits_repeated", "Hits that were stored already when they came again from the queue.", registry=REGISTRY
)
HITS_FAILED: Final = Counter(
    "tracker_hits_failed", "Hits that could not be stored, by the kind of failure.", ["kind"], registry=REGISTRY
)
HITS_RETRIED: Final = Counter("tracker_hits_retried", "Hits that were put off to be tried again.", registry=REGISTRY)
BATCH_HITS: Final = Histogram(
    "tracker_batch_hits", "Hits in a transaction.", buckets=(1, 10, 50, 100, 250, 500, 1000), registry=REGISTRY
)
BATCH_SECONDS: Final = Histogram(
    "tracker_batch_seconds",
    "Seconds that writing a batch took.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
DRAINS: Final = Counter("tracker_drains", "Jobs of workers, by how they ended.", ["ended"], registry=REGISTRY)
WEBHOOK_ATTEMPTS: Final = Counter(
    "tracker_webhook_attempts", "Attempts to deliver to webhooks, by what came of them.", ["outcome"], registry=REGISTRY
)
WEBHOOK_SECONDS: Final = Histogram(
    "tracker_webhook_attempt_seconds",
    "Seconds that an attempt took.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
JOB_TURNS: Final = Counter(
    "tracker_scheduler_turns",
    "Turns of the scheduler's jobs, by what came of them.",
    ["job", "outcome"],
    registry=REGISTRY,
)
JOB_SECONDS: Final = Counter(
    "tracker_scheduler_turn_seconds", "Seconds that turns took, altogether.", ["job"], registry=REGISTRY
)

HITS_IN: Final = frozenset({"tracker_hits_accepted_total", "tracker_hits_imported_total"})
HITS_OUT: Final = frozenset({"tracker_hits_stored_total", "tracker_hits_repeated_total", "tracker_hits_failed_total"})
"""The samples whose sums say how many hits came into the queue, and how many left it for good."""

Sample = tuple[str, tuple[tuple[str, str], ...]]
"""A sample's name and labels, these in the order of their names."""


class Untold:
    """What the instruments have counted since it was last told. Thread-safe.

    Made at the start of a process, or of a job in a process that was forked: what was counted before is not its own.
    """

    def __init__(self, tell: Callable[[Mapping[Sample, float]], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._told = _counted()

    def flush(self) -> None:
        """Tell it. Raises what telling raises; it is told again then, since nobody knows what of it arrived."""
        with self._lock:
            counted = _counted()
            news = {sample: value - self._told.get(sample, 0.0) for sample, value in counted.items()}
            news = {sample: value for sample, value in news.items() if value}
            if news:
                self._tell(news)
                self._told = counted


def _counted() -> dict[Sample, float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }
