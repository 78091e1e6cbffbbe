"""What is counted of hits: how many, of how many visitors, in how many visits, and what these were like."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from tracker.errors import invalid
from tracker.facts.columns import column_of
from tracker.facts.engine import quoted

_OF_HITS: Final = {
    "requests": "coalesce(sum(requests), 0)::BIGINT",
    "page_views": "coalesce(sum(views), 0)::BIGINT",
    "visitors": "count(DISTINCT visitor)",
}
_SESSIONS: Final = "(singles + coalesce(others, 0))"
_OF_VISITS: Final = {
    "sessions": _SESSIONS,
    "views_per_session": f"all_views / nullif({_SESSIONS}, 0)",
}
_OF_WHOLE_VISITS: Final = {
    "duration": f"(single_seconds + coalesce(other_seconds, 0)) / nullif({_SESSIONS}, 0)",
    "bounce_rate": f"(single_bounces + coalesce(other_bounces, 0)) / nullif({_SESSIONS}, 0)",
}
NAMES: Final = (*_OF_HITS, *_OF_VISITS, *_OF_WHOLE_VISITS)
PARAMETER_MEASURES: Final = {"sum": "sum", "mean": "avg"}
"""`sum:KEY` and `mean:KEY` of a number parameter."""
MAX_MEASURES: Final = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """One of them by its name; `sql` is of the rows of a group, or of what `statement` counts of its visits."""

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
