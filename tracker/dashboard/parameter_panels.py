"""What custom parameters were, on the page of traffic: as many as it has room for, the others on further pages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.dashboard.breaks import breakable, cut_in_middle
from tracker.dashboard.list_pages import bytes_of, first_of_page, how_many_fit
from tracker.dashboard.range_choice import query_string
from tracker.traffic_filters import PARAMETER, can_be_chosen

WIDTH: Final = 76
"""Letters of a value that are shown."""
POINTED_WIDTH: Final = 150
"""Letters of it where it is pointed at."""
_ROOM: Final = 45_000
_PANEL_BYTES: Final = 900
_ROW_BYTES: Final = 250
"""Bytes of HTML that all take, and what a parameter and a value of it take beside their names."""


def page_of(parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the parameters that the asked page shows, and where it and the next one begin. Raises Refused."""
    after = first_of_page(parameters) if parameters else 0
    following = after + how_many_fit(map(_size, parameters[after:]), _ROOM)
    return {
        "parameters": parameters[after:following],
        "after": after,
        "next_parameters": following if following < len(parameters) else None,
    }


def _size(parameter: Mapping[str, Any]) -> int:
    names = 2 * bytes_of(parameter["name"] or "") + 3 * bytes_of(parameter["key"])
    sizes = (_ROW_BYTES + _link(parameter["key"], value) + _shown(value) for value, _ in parameter["values"])
    return _PANEL_BYTES + names + sum(sizes)


def _link(key: str, value: str) -> int:
    return bytes_of(query_string(**{PARAMETER + key: value})) if can_be_chosen(value) else 0


def _shown(value: str) -> int:
    return len(breakable(cut_in_middle(value, WIDTH)).encode()) + bytes_of(cut_in_middle(value, POINTED_WIDTH))
