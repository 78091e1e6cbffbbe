"""A filter that somebody typed into a form: which condition it is, by the words of the page."""

from collections.abc import Mapping
from typing import Final

from tracker.dashboard.labels import value_of
from tracker.dashboard.wording import Words
from tracker.errors import invalid
from tracker.traffic_filters import COMPARISONS, DIMENSIONS

FIELDS: Final = ("filter_by", "filter_how", "filter_value")


def is_sent(query: Mapping[str, str]) -> bool:
    """Return whether an address is that of the form, sent."""
    return FIELDS[0] in query


def typed(query: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed into its fields."""
    return {name: query.get(name, "").strip() for name in FIELDS}


def read(query: Mapping[str, str], words: Words) -> dict[str, str]:
    """Return the filter that the form's fields make, by name; none where no value was typed. Raises Refused."""
    dimension, comparison, text = (query.get(name, "").strip() for name in FIELDS)
    if dimension not in DIMENSIONS or comparison not in COMPARISONS:
        raise invalid("There is no such filter.", filter_by=["There is no such filter."])
    value = text if comparison == "contains" else value_of(words, dimension, text)
    return {dimension if comparison == "is" else f"{dimension}.{comparison}": value} if text else {}
