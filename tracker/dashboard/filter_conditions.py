"""Which condition of a report each filter of the page makes, and which filter takes a value that statistics know."""

import orjson

from tracker.dashboard.labels import IN_WORDS, OF_HOSTS, values_with
from tracker.dashboard.panel_kinds import Condition, asked_as
from tracker.domains import ascii_host
from tracker.traffic_filters import PARAMETER, TrafficFilter, can_be_chosen


def condition_of(chosen: TrafficFilter) -> Condition:
    """Return the condition: what contains a text does so whatever the case, by the names that the page shows.

    A text in quotes is one of a list, as statistics tell them apart: it has its case. Names are those in any language,
    so that an address says the same to everybody. A host contains the letters that its labels stand for, each as a
    whole: `münchen` is in `www.xn--mnchen-3ya.example`, of which no part is `münch`.
    """
    dimension = asked_as(chosen.dimension)
    if chosen.comparison != "contains":
        return [dimension, chosen.comparison, chosen.value]
    if chosen.dimension.startswith(PARAMETER) and _is_quoted(chosen.value):
        return [dimension, "contains", chosen.value]
    if chosen.dimension in IN_WORDS:
        return [dimension, "any_of", [*values_with(chosen.dimension, chosen.value), chosen.value]]
    written = _written(chosen.value) if chosen.dimension in OF_HOSTS else None
    return [dimension, "contains_any_case", chosen.value if written is None else [chosen.value, written]]


def _written(text: str) -> str | None:
    """Return a part of a host as it is stored, where that differs."""
    host, slash, path = text.strip(".").partition("/")
    written = None if host.isascii() else ascii_host(host)
    return None if written is None else written + slash + path


def filter_of_value(key: str, kind: str, value: str) -> TrafficFilter | None:
    """Return the filter that takes the hits with a value that statistics know of a custom parameter, if there is one.

    Of a list they know what is in it, and reports the whole of it: as JSON, where only texts are told apart from parts
    of others.
    """
    dimension = PARAMETER + key
    if kind != "array":
        return TrafficFilter(dimension, "is", value) if value and can_be_chosen(value) else None
    written = orjson.dumps(value).decode()
    return TrafficFilter(dimension, "contains", written) if can_be_chosen(written) and not _is_bare(value) else None


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] == '"'


def _is_bare(value: str) -> bool:
    """Return whether a value in a list may be a number, true, false, null or another list, and no text."""
    try:
        return not isinstance(orjson.loads(value), str)
    except orjson.JSONDecodeError:
        return False
