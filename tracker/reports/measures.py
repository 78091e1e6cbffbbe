"""What is counted of hits: how many, of how many visitors, in how many visits, and what these were like."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from tracker.errors import invalid
from tracker.facts.columns import column_of
from tracker.facts.engine import quoted

_OF_HITS: Final = {
    "requests": "count(*)",
    "page_views": "count(*) FILTER (is_view)",
    "visitors": "count(DISTINCT visitor)",
}
_OF_VISITS: Final = {
    "sessions": "count(DISTINCT visit)",
    "views_per_session": "count(*) FILTER (is_view) / nullif(count(DISTINCT visit), 0)",
}
_OF_WHOLE_VISITS: Final = {
    "duration": "avg(seconds)",
    "bounce_rate": "avg(CAST(is_bounce AS DOUBLE))",
}
NAMES: Final = (*_OF_HITS, *_OF_VISITS, *_OF_WHOLE_VISITS)
PARAMETER_MEASURES: Final = {"sum": "sum", "mean": "avg"}
"""`sum:KEY` and `mean:KEY` of a number parameter."""
MAX_MEASURES: Final = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """One of them by its name; of which table `sql` is: the hits, or the visits that they belong to."""

    name: str
    sql: str
    needs_visits: bool = False
    is_of_whole_visits: bool = False
    parameter: str | None = None


def measure_of(name: str, numbers: Collection[str], *, field: str = "measures") -> Measure:
    """Return the measure of a name; `numbers` are the keys of number parameters. Raises Refused."""
    if name in _OF_HITS:
        return Measure(name, _OF_HITS[name])
    if name in _OF_VISITS:
        return Measure(name, _OF_VISITS[name], needs_visits=True)
    if name in _OF_WHOLE_VISITS:
        return Measure(name, _OF_WHOLE_VISITS[name], needs_visits=True, is_of_whole_visits=True)
    kind, separator, key = name.partition(":")
    if separator and kind in PARAMETER_MEASURES:
        if key not in numbers:
            reason = f"There is no number parameter {key[:100]!r}."
            raise invalid(f"{field}: {reason}", **{field: [reason]})
        number = f"try_cast({quoted(column_of(key))} AS DOUBLE)"
        return Measure(name, f"{PARAMETER_MEASURES[kind]}({number})", parameter=key)
    reason = f"There is no measure {name[:100]!r}: one of {', '.join(NAMES)}, sum:KEY or mean:KEY."
    raise invalid(f"{field}: {reason}", **{field: [reason]})
