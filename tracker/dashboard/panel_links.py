"""What the templates of panels and of the chart need beside their numbers: where their values and bars lead."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tracker.dashboard import panels
from tracker.dashboard.chart import Bar
from tracker.dashboard.chosen_filters import COMPARISONS as FILTER_COMPARISONS
from tracker.dashboard.chosen_filters import ChosenFilter, can_be_chosen, filter_of_value
from tracker.dashboard.labels import dimension_name, full_label_of, label_of, panel_name
from tracker.dashboard.panel_kinds import DIMENSIONS, INSTEAD, is_of_people
from tracker.dashboard.range_choice import query_string, range_choice
from tracker.dashboard.ranges import COMPARISONS, NAMES
from tracker.dashboard.wording import Words, language


def of_panels(asked: panels.Asked) -> dict[str, Any]:
    """Return it, for the page that is asked for."""
    words = Words(language())
    label = partial(label_of, words)
    fields = {**{one.name: one.value for one in asked.filters}, **asked.panels, **_comparison(asked)}
    return {
        **range_choice(asked.time, NAMES, query=lambda **changed: query_of(asked, changed), also=fields),
        "filters": asked.filters,
        "chosen_filters": {one.name: one.value for one in asked.filters},
        "only_filters": query_string(**{one.name: one.value for one in asked.filters}),
        "unfiltered": dict.fromkeys(one.name for one in asked.filters),
        "chosen": asked.panels,
        "times": _times(asked),
        "dimensions": [name for name in DIMENSIONS if not (asked.is_guest and is_of_people(name))],
        "comparisons": FILTER_COMPARISONS,
        "groups": asked.groups,
        "is_first": lambda name, group: name == asked.groups[group][0] and group not in INSTEAD,
        "can_be_chosen": can_be_chosen,
        "filter_of_value": filter_of_value,
        "called": partial(panel_name, words),
        "named": partial(dimension_name, words),
        "is_group_shown": lambda panel, group: panels.is_shown(panel, group, asked),
        "zoom": lambda bar: _zoom(asked, bar),
        "label": label,
        "in_words": partial(_in_words, words),
    }


def query_of(asked: panels.Asked, changed: Mapping[str, object]) -> str:
    """Return the query of this page's address, with some of it changed; what is None is left out."""
    time = _comparison(asked) if "range" in changed else _times(asked)
    filters = {chosen.name: chosen.value for chosen in asked.filters}
    return query_string(**{**time, **filters, **asked.panels, **changed})


def _in_words(words: Words, chosen: ChosenFilter) -> str:
    """Return what a filter says; what a value contains is a part of how it is stored."""
    is_whole = chosen.comparison != "contains"
    value = full_label_of(words, chosen.dimension, chosen.value) if is_whole else chosen.value
    return words(f"filter.that.{chosen.comparison}", what=dimension_name(words, chosen.dimension), value=value)


def _times(asked: panels.Asked) -> dict[str, object]:
    """Return the time as an address has it."""
    return {**asked.time.in_address, **_comparison(asked)}


def _comparison(asked: panels.Asked) -> dict[str, object]:
    """Return what it is compared with, as an address has it; the usual is not said."""
    return {} if asked.time.compare == COMPARISONS[0] else {"compare": asked.time.compare}


def _zoom(asked: panels.Asked, bar: Bar) -> str | None:
    """Return the query of the page of what a bar stands for, with the same filters; None where it tells no more."""
    if bar.days is None or bar.days == asked.time.shown:
        return None
    return query_of(asked, {"range": None, "from": bar.days.first, "to": bar.days.last})
