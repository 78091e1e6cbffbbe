"""How a process tells what it has counted."""

from collections.abc import Mapping

from tracker.instruments import HITS_IN, HITS_OUT, Sample, Untold
from tracker.queueing import metric_counts
from tracker.queueing.connection import Connection


def untold_metrics(redis: Connection) -> Untold:
    """Return what this process counts from now on, told to all through Redis."""

    def tell(news: Mapping[Sample, float]) -> None:
        metric_counts.add(
            redis,
            news,
            hits_in=_sum(news, HITS_IN),
            hits_out=_sum(news, HITS_OUT),
        )

    return Untold(tell)


def _sum(news: Mapping[Sample, float], names: frozenset[str]) -> float:
    return sum(value for (name, _), value in news.items() if name in names)
