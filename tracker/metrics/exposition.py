"""What was counted and seen, in Prometheus' text format.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

from tracker import __version__
from tracker.instruments import REGISTRY, Sample
from tracker.metrics.look import DatabaseLook, Look, QueueLook

CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition(seen: Look, *, queue_limit: int) -> bytes:
    """Return the text. Families of a server that is unavailable are left out, and `tracker_up` is 0 for it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Seen(seen, queue_limit))
    return generate_latest(registry)


class _Seen:
    def __init__(self, seen: Look, queue_limit: int) -> None:
        self._seen, self._queue_limit = seen, queue_limit

    def collect(self) -> Iterator[Metric]:
        queue, database = self._seen.queue, self._seen.database
        yield InfoMetricFamily("tracker_build", "The version that answers.", {"version": __version__})
        yield _gauge(
            "tracker_up",
            "Whether a server answers.",
            {"redis": float(queue is not None), "postgresql": float(database is not None)},
            "server",
        )
        present = {"redis": queue, "postgresql": database}
        looks = {name: look for name, look in present.items() if look is not None}
        yield _gauge(
            "tracker_server_latency_seconds",
            "Seconds of one round trip to a server.",
            {name: look.latency for name, look in looks.items()},
            "server",
        )
        yield _gauge(
            "tracker_clock_difference_seconds",
            "How far a server's clock is ahead of this machine's.",
            {name: look.ahead for name, look in looks.items()},
            "server",
        )
        if queue is not None:
            yield from _counted(queue.counts)
            yield from _of_queue(queue, self._queue_limit)
        if database is not None:
            yield from _of_database(database)
        if (balance := self._seen.balance) is not None:
            yield _gauge(
                "tracker_ledger_hits",
                "All hits that were ever accepted, and what has become of them (`tracker ledger`).",
                balance.counts(),
                "state",
            )


def _counted(counts: Mapping[Sample, float]) -> Iterator[Metric]:
    """Yield what all processes have counted; 0 for an instrument without labels that has counted nothing yet."""
    for metric in REGISTRY.collect():
        names = {f"{metric.name}{end}" for end in ("_total", "_bucket", "_sum", "_count")}
        told = {sample: value for sample, value in counts.items() if sample[0] in names}
        for sample in metric.samples:
            if not sample.labels or "le" in sample.labels:
                told.setdefault((sample.name, tuple(sorted(sample.labels.items()))), 0.0)
        family = Metric(metric.name, metric.documentation, metric.type)
        for (name, labels), value in sorted(told.items(), key=_in_order):
            if name in names:
                family.add_sample(name, dict(labels), value)
        yield family


def _in_order(counted: tuple[Sample, float]) -> tuple[str, list[tuple[str, float | str]]]:
    """Buckets stand in the order of their bounds."""
    (name, labels), _ = counted
    return name, [(label, float(text) if label == "le" else text) for label, text in labels]


def _of_queue(queue: QueueLook, queue_limit: int) -> Iterator[Metric]:
    streams = [depth for depth in queue.depths if depth.name != "retries"]
    yield _gauge(
        "tracker_queue_waiting_hits",
        "Hits that wait, by stream, those that a worker writes at the moment included.",
        {depth.name: depth.waiting + depth.pending for depth in queue.depths},
        "stream",
    )
    yield _gauge(
        "tracker_queue_pending_hits",
        "Hits that a worker has claimed and not yet written.",
        {depth.name: depth.pending for depth in streams},
        "stream",
    )
    yield _gauge(
        "tracker_queue_oldest_seconds",
        "Age of the oldest hit of a stream; 0 where it is empty.",
        {depth.name: depth.oldest_seconds or 0.0 for depth in streams},
        "stream",
    )
    yield _gauge("tracker_queue_limit_hits", "Waiting hits at which receivers answer 503.", {"": queue_limit})
    yield _gauge(
        "tracker_queue_in_hits_per_second",
        "Hits accepted, over the last minutes.",
        {"": queue.throughput.hits_in_per_second},
    )
    yield _gauge(
        "tracker_queue_out_hits_per_second",
        "Hits stored or failed, over the last minutes.",
        {"": queue.throughput.hits_out_per_second},
    )
    if (seconds := queue.throughput.seconds_to_drain) is not None:
        yield _gauge(
            "tracker_queue_drain_seconds",
            "When the queue is empty if everything goes on as now; missing where more comes in than goes out.",
            {"": seconds},
        )
    states: dict[str, float] = {"busy": 0, "idle": 0, "suspended": 0, "started": 0}
    for worker in queue.workers:
        states[worker.state] = states.get(worker.state, 0) + 1
    yield _gauge("tracker_workers", "Workers that are alive, by state.", states, "state")


def _of_database(database: DatabaseLook) -> Iterator[Metric]:
    seen = database.gauges
    yield _gauge(
        "tracker_statistics_lag_seconds",
        "How long the oldest stored hit that is not in the statistics has waited for that; 0 for none.",
        {"": seen.statistics_lag or 0.0},
    )
    yield _gauge(
        "tracker_batch_queue_rows",
        "Rows of batch_queue: failed hits, and hits accepted without Redis; up to 100,001 of each.",
        {"failed": seen.failed, "queued": seen.queued},
        "status",
    )
    yield _gauge(
        "tracker_webhooks",
        "Webhooks: active, inactive, and those for which too much waits.",
        {"active": seen.webhooks_active, "inactive": seen.webhooks_inactive, "full": seen.webhooks_full},
        "state",
    )
    yield _gauge(
        "tracker_deletions_refused",
        "What is due to be deleted and is not, since clocks or settings are in doubt.",
        {"": seen.deletion_refusals},
    )
    if database.reading_lag is not None:
        yield _gauge(
            "tracker_reading_lag_seconds",
            "How far the replica that statistics are read from is behind; 0 where it is none.",
            {"": database.reading_lag},
        )
    yield _gauge("tracker_scheduler_leader", "Whether a scheduler holds the lease.", {"": seen.schedulers})
    yield _gauge("tracker_months_ahead", "Months after this one that have partitions.", {"": database.months_ahead})
    yield _gauge("tracker_database_connections", "Connections to the database.", {"": seen.connections})
    yield _gauge("tracker_database_max_connections", "Connections that it allows.", {"": seen.max_connections})


def _gauge(name: str, documentation: str, values: Mapping[str, float], label: str | None = None) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=[label] if label else [])
    for value_of, value in values.items():
        family.add_metric([value_of] if label else [], value)
    return family
