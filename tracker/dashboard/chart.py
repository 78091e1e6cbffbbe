"""The geometry of a chart of bars: two numbers for each hour, day or month, the second a part of the first. Pure.

A broken line goes through what the first number was in the time before.

Across, everything is in percent of whatever width the page has; down, in pixels. So a phone shows the same picture with
letters of the same size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tracker.reading.period import Period

HEIGHT: Final = 220
"""Pixels of the highest bar, unless a chart is to be lower."""
TOP: Final = 42
"""Pixels above it, where what is pointed at is told."""
BOTTOM: Final = 26
"""Pixels below the bars, for the labels."""
_LINES: Final = 4
_LABELS: Final = 8
_FILLED: Final = 0.72
"""The part of a column that its bar takes."""
_MAX_BAR_WIDTH: Final = 6.0
"""Percent; a few bars are no walls."""
_LEAST: Final = 2.0
"""Pixels of a bar that stands for anything at all."""
_EDGE: Final = 4.0
"""Percent from either side within which a label begins or ends at its column, not to be cut off."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a chart is made of: a place's names, what it counts, and whether it goes on."""

    label: str
    """Below the bar, where there is room; none if it is empty."""
    name: str
    """In full, where it is pointed at and in the table."""
    requests: int
    visitors: int
    sessions: int | None = None
    visitors_exact: bool = True
    sessions_exact: bool = True
    goes_on: bool = False
    notes: tuple[str, ...] = ()
    """What happened then, as somebody has noted."""
    before: int | None = None
    """Requests of the same place in the time before."""
    days: Period | None = None
    """The days that it stands for, unless it is an hour: the page of them tells more."""


@dataclass(frozen=True, slots=True)
class Column:
    """A bar in its place. `anchor` is where its label is held; `labelled` is 0, 1, or 2 for every other one."""

    bar: Bar
    left: float
    width: float
    bar_left: float
    bar_width: float
    middle: float
    requests: float
    visitors: float
    anchor: str
    labelled: int


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line across, at a height in pixels from the top, and the number it stands for."""

    y: float
    number: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the line of the time before, from one column's middle to the next one's."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Chart:
    """All of it. `top` is the number of the uppermost line."""

    columns: list[Column]
    lines: list[GridLine]
    top: int
    before: list[Stretch] = field(default_factory=list)
    of_bars: int = HEIGHT

    @property
    def base(self) -> int:
        return TOP + self.of_bars

    @property
    def height(self) -> int:
        return self.base + BOTTOM


def chart(bars: Sequence[Bar], *, height: int = HEIGHT, lines: int = _LINES, labels: int = _LABELS) -> Chart:
    """Return the chart of some bars, the highest of so many pixels; an empty one has its lines all the same.

    At most so many of the bars show their `labels`.
    """
    highest = max((max(bar.requests, bar.before or 0) for bar in bars), default=0)
    step = step_for(highest, lines)
    top = step * max(1, math.ceil(highest / step))
    scale = height / top
    grid = [GridLine(_level(number, height, scale), number) for number in range(0, top + 1, step)]
    width = 100 / max(1, len(bars))
    every = max(1, math.ceil(len(bars) / labels))
    columns = [_column(bar, place, width, every, scale) for place, bar in enumerate(bars)]
    return Chart(columns, grid, top, _before(columns, height, scale), height)


def _level(number: int, height: int, scale: float) -> float:
    """Return how far down a number stands."""
    return round(TOP + height - number * scale, 1)


def _before(columns: Sequence[Column], height: int, scale: float) -> list[Stretch]:
    """Return the line of the time before. Across it is in percent, so each piece of it is one of its own."""
    points = [
        (column.middle, _level(column.bar.before, height, scale)) for column in columns if column.bar.before is not None
    ]
    return [Stretch(*start, *end) for start, end in pairwise(points)]


def step_for(highest: int, lines: int = _LINES) -> int:
    """Return a round number, `lines` of which reach the highest bar: 1, 2, 2.5 or 5 times a power of ten."""
    needed = max(1.0, highest / lines)
    power = 10 ** math.floor(math.log10(needed))
    for factor in (1, 2, 2.5, 5, 10):
        step = factor * power
        if step >= needed and step == int(step):
            return int(step)
    return int(10 * power)


def _column(bar: Bar, place: int, width: float, every: int, scale: float) -> Column:
    left = place * width
    bar_width = min(width * _FILLED, _MAX_BAR_WIDTH)
    middle = left + width / 2
    number, rest = divmod(place, every)
    return Column(
        bar=bar,
        left=round(left, 3),
        width=round(width, 3),
        bar_left=round(middle - bar_width / 2, 3),
        bar_width=round(bar_width, 3),
        middle=round(middle, 3),
        requests=_height(bar.requests, scale),
        visitors=_height(min(bar.visitors, bar.requests), scale),
        anchor="start" if middle < _EDGE else "end" if middle > 100 - _EDGE else "middle",
        labelled=0 if rest or not bar.label else 1 + number % 2,
    )


def _height(count: int, scale: float) -> float:
    return round(max(_LEAST, count * scale), 1) if count else 0.0
