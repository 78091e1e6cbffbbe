"""The filters that somebody has chosen, as an address has them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from tracker.dashboard.panel_kinds import DIMENSIONS
from tracker.errors import Refused, invalid
from tracker.reports.dimensions import PARAMETER
from tracker.reports.filters import MAX_FILTERS, MAX_VALUE_LENGTH

MAX_CHOSEN: Final = MAX_FILTERS - 2
"""Filters of an address: a panel asks besides that there is a value, and that it has what somebody seeks."""
COMPARISONS: Final = {"is": "is", "is_not": "is_not", "contains": "contains_any_case"}
"""What an address calls a comparison, and what reports call it: people type in lower case."""


@dataclass(frozen=True, slots=True)
class ChosenFilter:
    """A condition that somebody has chosen: the hits whose value is this one, or is not, or contains it.

    Of a source and the like they are those of the visits that came from there. Of a custom parameter the dimension is
    `param:KEY`.
    """

    dimension: str
    comparison: str
    value: str

    @property
    def name(self) -> str:
        """Return how an address has it: `page`, `page.is_not`, `page.contains`."""
        return self.dimension if self.comparison == "is" else f"{self.dimension}.{self.comparison}"

    @property
    def opposite(self) -> "ChosenFilter | None":
        """Return the condition that takes all other hits, if there is one."""
        comparison = {"is": "is_not", "is_not": "is"}.get(self.comparison)
        return None if comparison is None else replace(self, comparison=comparison)


def filters_of(query: Mapping[str, str]) -> tuple[ChosenFilter, ...]:
    """Return the filters of an address. Raises Refused."""
    dimensions = (*DIMENSIONS, *_parameters_of(query))
    possible = (ChosenFilter(dimension, comparison, "") for dimension in dimensions for comparison in COMPARISONS)
    filters = tuple(replace(one, value=query[one.name]) for one in possible if query.get(one.name))
    if len(filters) > MAX_CHOSEN:
        raise Refused("TOO_MANY_FILTERS", 400, f"At most {MAX_CHOSEN} filters can be chosen at once.")
    for one in filters:
        if not can_be_chosen(one.value):
            raise invalid(f"{one.name}: There is no such value.", **{one.name: ["There is no such value."]})
    return filters


def can_be_chosen(value: str) -> bool:
    """Return whether there can be a filter by a value: reports take no longer ones."""
    return len(value) <= MAX_VALUE_LENGTH and "\0" not in value


def filter_of_value(key: str, kind: str, value: str) -> ChosenFilter | None:
    """Return the filter that takes the hits with a value that statistics know of a custom parameter, if there is one.

    Of a list they know what is in it, and reports the whole of it: as JSON, where only texts are told apart from parts
    of others.
    """
    dimension = PARAMETER + key
    if kind != "array":
        return ChosenFilter(dimension, "is", value) if value and can_be_chosen(value) else None
    written = orjson.dumps(value).decode()
    return ChosenFilter(dimension, "contains", written) if can_be_chosen(written) and not _is_bare(value) else None


def _is_bare(value: str) -> bool:
    """Return whether a value in a list may be a number, true, false, null or another list, and no text."""
    try:
        return not isinstance(orjson.loads(value), str)
    except orjson.JSONDecodeError:
        return False


def _parameters_of(query: Mapping[str, str]) -> list[str]:
    """Return the custom parameters that an address filters by, as dimensions, in its order."""
    named = [name for name in query if name.startswith(PARAMETER)]
    endings = tuple(f".{comparison}" for comparison in COMPARISONS if comparison != "is")
    return list(dict.fromkeys(name.rpartition(".")[0] if name.endswith(endings) else name for name in named))
