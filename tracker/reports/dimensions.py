"""What hits are told apart by: the columns of facts, what their visits have in common, and custom parameters."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from tracker.errors import invalid
from tracker.facts.columns import PLACES, column_of
from tracker.facts.engine import quoted
from tracker.reports.visits import OF_VISITS

_OF_FACTS: Final = (
    *("page", "host", "referrer", "source", "channel"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "click_id"),
    *("browser", "browser_version", "system", "device", *PLACES, "language", "screen"),
    *("event", "module", "client", "status"),
)
NAMES: Final = (*_OF_FACTS, *OF_VISITS)
PARAMETER: Final = "param:"
"""Before the key of a custom parameter."""
MAX_DIMENSIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of them by its name; `sql` is of the table of hits, and `needs_visits` says that visits have to be known."""

    name: str
    sql: str
    needs_visits: bool = False
    parameter: str | None = None


def dimension_of(name: str, parameters: Collection[str], *, field: str) -> Dimension:
    """Return the dimension of a name; `parameters` are the keys that there are. Raises Refused, about `field`."""
    if name in OF_VISITS:
        return Dimension(name, quoted(name), needs_visits=True)
    if name == "status":
        return Dimension(name, "CAST(status AS VARCHAR)")
    if name == "browser_version":
        return Dimension(name, "browser || ' ' || browser_version")
    if name in _OF_FACTS:
        return Dimension(name, quoted(name))
    if name.startswith(PARAMETER):
        key = name.removeprefix(PARAMETER)
        if key in parameters:
            return Dimension(name, quoted(column_of(key)), parameter=key)
        raise _unknown(field, f"There is no custom parameter {key[:100]!r}.")
    raise _unknown(field, f"There is no dimension {name[:100]!r}: one of {', '.join(NAMES)}, or {PARAMETER}KEY.")


def _unknown(field: str, reason: str) -> Exception:
    return invalid(f"{field}: {reason}", **{field: [reason]})
