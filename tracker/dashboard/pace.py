"""How fast hits came in and went out in the last hour, minute by minute, and the geometry of that chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tracker.dashboard.chart import GridLine, step_for
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import Depth
from tracker.queueing.metric_counts import MinuteRate, minute_rates
from tracker.queueing.throughput import Throughput, throughput

MINUTES: Final = 60
HEIGHT: Final = 96
"""Pixels of the highest bar."""
TOP: Final = 40
BOTTOM: Final = 24
_LINES: Final = 2
_LABEL_EVERY: Final = 10
_LEAST: Final = 1.5
"""Pixels of a bar that stands for anything at all."""


@dataclass(frozen=True, slots=True)
class MinuteColumn:
    """A minute in its place; places across are in percent, heights in pixels."""

    rate: MinuteRate
    time: str
    left: float
    width: float
    hits_in: float
    hits_out: float
    labelled: bool
    is_spare: bool
    """Whether its label is left out where there is little room."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The last hour, and what the last minutes of it come to."""

    throughput: Throughput
    columns: list[MinuteColumn]
    lines: list[GridLine]
    height: int = TOP + HEIGHT + BOTTOM
    base: int = TOP + HEIGHT

    @property
    def hits_in(self) -> int:
        return sum(column.rate.hits_in for column in self.columns)

    @property
    def hits_out(self) -> int:
        return sum(column.rate.hits_out for column in self.columns)


def read(redis: Connection, depths: Sequence[Depth]) -> Pace:
    """Return the hour until the last whole minute, by Redis's clock. Raises QueueUnavailable."""
    return pace(minute_rates(redis, MINUTES), throughput(redis, depths))


def pace(rates: Sequence[MinuteRate], mean: Throughput) -> Pace:
    """Return the chart of some minutes."""
    step = step_for(max((max(rate.hits_in, rate.hits_out) for rate in rates), default=0), _LINES)
    top = step * _LINES
    lines = [GridLine(round(TOP + HEIGHT * (1 - number / top), 1), number) for number in range(0, top + 1, step)]
    width = 100 / max(1, len(rates))
    return Pace(mean, [_column(rate, place, width, top) for place, rate in enumerate(rates)], lines)


def _column(rate: MinuteRate, place: int, width: float, top: int) -> MinuteColumn:
    return MinuteColumn(
        rate=rate,
        time=f"{datetime.fromtimestamp(rate.minute * 60, UTC):%H:%M}",
        left=round(place * width, 3),
        width=round(width, 3),
        hits_in=_height(rate.hits_in, top),
        hits_out=_height(rate.hits_out, top),
        labelled=rate.minute % _LABEL_EVERY == 0,
        is_spare=rate.minute % (2 * _LABEL_EVERY) != 0,
    )


def _height(count: int, top: int) -> float:
    return round(max(_LEAST, HEIGHT * count / top), 1) if count else 0.0
