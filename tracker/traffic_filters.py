"""Filters of an application's traffic, as addresses of the dashboard and saved filters have them: values by names.

`page` takes the hits whose page is the value, `page.is_not` all others, `page.contains` those in which the value is.
The key of a custom parameter may itself end so: `param:a.contains.is` takes those whose `a.contains` is the value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tracker.errors import Refused, invalid

DIMENSIONS: Final = (
    *("page", "entry_page", "exit_page", "host", "source", "channel", "referrer", "click_id"),
    *("country", "region", "city", "language", "device", "browser", "browser_version", "system", "screen"),
    *("utm_campaign", "utm_source", "utm_medium", "utm_term", "utm_content", "event", "status", "module", "client"),
)
PARAMETER: Final = "param:"
"""What the dimension of a custom parameter begins with, before its key."""
COMPARISONS: Final = ("is", "is_not", "contains")
_ENDS_SO: Final = re.compile(r"\.(?:is_not|contains)(?:\.is)*\Z")
"""How a key ends that has to be told from a comparison."""
MAX_FILTERS: Final = 18
MAX_VALUE_LENGTH: Final = 1000
MAX_BYTES: Final = 3000
"""Of all their values."""
MAX_WRITTEN: Final = 4500
"""Bytes of names and values with signs as an address has them: as base64 in its path they take 6,000 of the 8 KB that
proxies take of an address."""
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,/:~- ")
"""Signs of ASCII that take one byte of an address; others take three."""


@dataclass(frozen=True, slots=True)
class TrafficFilter:
    """A condition: the hits whose value of a dimension is this one, or is not, or contains it."""

    dimension: str
    comparison: str
    value: str

    @property
    def name(self) -> str:
        """Return how an address has it: `page`, `page.is_not`, `page.contains`."""
        is_plain = self.comparison == "is" and not _ENDS_SO.search(self.dimension)
        return self.dimension if is_plain else f"{self.dimension}.{self.comparison}"

    @property
    def opposite(self) -> "TrafficFilter | None":
        """Return the condition that takes all other hits, if there is one."""
        comparison = {"is": "is_not", "is_not": "is"}.get(self.comparison)
        return None if comparison is None else replace(self, comparison=comparison)


def filter_named(name: str, value: str) -> TrafficFilter | None:
    """Return the filter that an address calls so; None for a name that is none of a filter."""
    dimension, _, comparison = name.rpartition(".")
    if comparison not in COMPARISONS or not (comparison != "is" or _ENDS_SO.search(dimension)):
        dimension, comparison = name, "is"
    is_one = dimension in DIMENSIONS or (dimension.startswith(PARAMETER) and dimension != PARAMETER)
    return TrafficFilter(dimension, comparison, value) if is_one else None


def can_be_chosen(value: str) -> bool:
    """Return whether there can be a filter by a value: reports take no longer ones."""
    return len(value) <= MAX_VALUE_LENGTH and "\0" not in value


def filters_of(named: Mapping[str, str]) -> tuple[TrafficFilter, ...]:
    """Return the filters among values by names; other names are none of theirs. Raises Refused."""
    filters, refused = fitting(named)
    if refused is not None:
        raise refused
    return filters


def fitting(named: Mapping[str, str]) -> tuple[tuple[TrafficFilter, ...], Refused | None]:
    """Return the filters among values by names as far as they may be, the first ones first, and why not all of them."""
    filters: dict[str, TrafficFilter] = {}
    refused: Refused | None = None
    for name, value in named.items():
        one = filter_named(name, value) if value else None
        if one is not None:
            wrong = _wrong(one, filters)
            if wrong is None:
                filters[name] = one
            refused = refused or wrong
    return tuple(sorted(filters.values(), key=_place)), refused


def _place(one: TrafficFilter) -> tuple[int, int]:
    """Return where a filter stands among others; custom parameters behind all others, in the order of the address."""
    known = DIMENSIONS.index(one.dimension) if one.dimension in DIMENSIONS else len(DIMENSIONS)
    return known, COMPARISONS.index(one.comparison) if one.dimension in DIMENSIONS else 0


def _wrong(one: TrafficFilter, others: Mapping[str, TrafficFilter]) -> Refused | None:
    if len(one.value) > MAX_VALUE_LENGTH:
        reason = f"A filter's value has at most {MAX_VALUE_LENGTH} characters."
    elif "\0" in one.value:
        reason = "There is no such value."
    elif sum(len(filter_.value.encode()) for filter_ in (*others.values(), one)) > MAX_BYTES:
        reason = f"The values of all filters take at most {MAX_BYTES} bytes: take one off first."
    elif sum(map(_written, (*others.values(), one))) > MAX_WRITTEN:
        reason = "All filters together are too long for an address: take one off first."
    elif len(others) >= MAX_FILTERS:
        reason = f"At most {MAX_FILTERS} filters can be chosen at once."
    else:
        return None
    return invalid(reason, **{one.name: [reason]})


def _written(one: TrafficFilter) -> int:
    """Return how many bytes of a query it takes, in which letters beyond ASCII stand as they are."""
    return 2 + sum(1 if byte in _PLAIN or byte > 0x7F else 3 for byte in (one.name + one.value).encode())  # noqa: PLR2004
