"""A filter that somebody typed into a form: which condition it is, by the words of the page."""

from collections.abc import Mapping
from typing import Final

from tracker.dashboard.chosen_filters import COMPARISONS, ChosenFilter
from tracker.dashboard.labels import value_of
from tracker.dashboard.panel_kinds import DIMENSIONS
from tracker.dashboard.wording import Words
from tracker.errors import invalid

FIELDS: Final = ("filter_by", "filter_how", "filter_value")


def is_sent(query: Mapping[str, str]) -> bool:
    """Return whether an address is that of the form, sent."""
    return FIELDS[0] in query


def read(query: Mapping[str, str], words: Words) -> ChosenFilter | None:
    """Return the condition that the form's fields make; None where no value was typed. Raises Refused."""
    dimension, comparison, text = (query.get(name, "").strip() for name in FIELDS)
    if dimension not in DIMENSIONS or comparison not in COMPARISONS:
        raise invalid("There is no such filter.", filter_by=["There is no such filter."])
    if not text:
        return None
    return ChosenFilter(dimension, comparison, text if comparison == "contains" else value_of(words, dimension, text))
