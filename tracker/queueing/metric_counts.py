"""The counts of all processes, added up: one hash of samples, and the hits in and out of each minute of two hours.

`tracker:metrics` has a field a sample, `["name",[["label","value"]]]`. `tracker:metrics:minute:N` counts the hits that
were accepted (`in`) and that left the queue stored or failed (`out`) in minute N since 1970, by Redis' clock.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tracker.instruments import Sample
from tracker.queueing.connection import Connection, translated

COUNTS: Final = "tracker:metrics"
_MINUTE: Final = "tracker:metrics:minute:"
_MINUTE_SECONDS: Final = 2 * 3600
"""How long a minute's counts are kept."""


@dataclass(frozen=True, slots=True)
class MinuteRate:
    """Hits that came in and went out in a minute; `minute` counts minutes since 1970."""

    minute: int
    hits_in: int
    hits_out: int


def add(redis: Connection, news: Mapping[Sample, float], *, hits_in: float, hits_out: float) -> None:
    """Add to the counts, in two round trips. Raises QueueUnavailable; some may have been added then."""
    with translated():
        minute = int(redis.time()[0]) // 60
        with redis.pipeline(transaction=True) as pipeline:
            for (name, labels), value in news.items():
                pipeline.hincrbyfloat(COUNTS, json.dumps([name, labels]), value)
            key = f"{_MINUTE}{minute}"
            for field, hits in (("in", hits_in), ("out", hits_out)):
                if hits:
                    pipeline.hincrby(key, field, int(hits))
            if hits_in or hits_out:
                pipeline.expire(key, _MINUTE_SECONDS)
            pipeline.execute()


def counts(redis: Connection) -> dict[Sample, float]:
    """Return all samples. Those that another version wrote in another form are passed over. Raises QueueUnavailable."""
    with translated():
        fields: Any = redis.hgetall(COUNTS)
    samples: dict[Sample, float] = {}
    for field, value in fields.items():
        try:
            name, labels = json.loads(field)
            samples[str(name), tuple((str(label), str(text)) for label, text in labels)] = float(value)
        except (ValueError, TypeError):
            continue
    return samples


def minute_rates(redis: Connection, minutes: int) -> list[MinuteRate]:
    """Return the last `minutes` whole minutes, oldest first. Raises QueueUnavailable."""
    with translated():
        now = int(redis.time()[0]) // 60
        with redis.pipeline(transaction=False) as pipeline:
            for minute in range(now - minutes, now):
                pipeline.hmget(f"{_MINUTE}{minute}", "in", "out")
            answers = pipeline.execute()
    return [
        MinuteRate(now - minutes + place, int(hits_in or 0), int(hits_out or 0))
        for place, (hits_in, hits_out) in enumerate(answers)
    ]
