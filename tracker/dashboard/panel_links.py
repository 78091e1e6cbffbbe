"""What the templates of panels and of the chart need beside their numbers: where their values and bars lead."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from tracker.dashboard import panels
from tracker.dashboard.breaks import cut_in_middle
from tracker.dashboard.carried_filters import ALL, WITHOUT, by_name, path_of
from tracker.dashboard.chart import Bar
from tracker.dashboard.filter_conditions import filter_of_value
from tracker.dashboard.labels import dimension_name, full_label_of, label_of, panel_name
from tracker.dashboard.panel_kinds import INSTEAD, is_of_people
from tracker.dashboard.range_choice import query_string, range_choice
from tracker.dashboard.ranges import COMPARISONS as TIMES_BEFORE
from tracker.dashboard.ranges import NAMES
from tracker.dashboard.wording import Words, language
from tracker.traffic_filters import COMPARISONS, DIMENSIONS, TrafficFilter, can_be_chosen

_WIDTH: Final = 48
"""Letters of a filter's value that are shown."""


def of_panels(asked: panels.Asked) -> dict[str, Any]:
    """Return it, for the page that is asked for."""
    words = Words(language())
    label = partial(label_of, words)
    chosen = by_name(asked.filters)
    fields = {**_in_query(asked), **asked.panels, **_comparison(asked)}
    return {
        **range_choice(asked.time, NAMES, query=lambda **changed: query_of(asked, changed), also=fields),
        "filters": asked.filters,
        "are_carried": asked.are_carried,
        "chosen_filters": chosen,
        "filters_in_query": _in_query(asked),
        "only_filters": query_string(**chosen),
        "unfiltered": dict.fromkeys(chosen),
        "chosen": asked.panels,
        "times": _times(asked),
        "dimensions": [name for name in DIMENSIONS if not (asked.is_guest and is_of_people(name))],
        "comparisons": COMPARISONS,
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
    gone = [place for place, one in enumerate(asked.filters) if changed.get(one.name, "") is None]
    places = ALL if len(gone) == len(asked.filters) else ",".join(map(str, gone))
    without = {WITHOUT: places} if gone and asked.are_carried else {}
    return query_string(**{**time, **without, **_in_query(asked), **asked.panels, **changed})


def address_of(home: str, asked: panels.Asked, part: str = "", **more: object) -> str:
    """Return where the page of an application's traffic stands that is asked for, or a part of it."""
    query = query_string(**{**_times(asked), **_in_query(asked), **asked.panels, **more})
    return home + path_of(asked.filters, part) + query


def _in_query(asked: panels.Asked) -> dict[str, str]:
    """Return the filters that stand in the queries of addresses."""
    return {} if asked.are_carried else by_name(asked.filters)


def _in_words(words: Words, chosen: TrafficFilter) -> str:
    """Return what a filter says; what a value contains is as somebody has typed it. Of a long one, both ends."""
    is_whole = chosen.comparison != "contains"
    value = full_label_of(words, chosen.dimension, chosen.value) if is_whole else chosen.value
    shown = cut_in_middle(value, _WIDTH)
    return words(f"filter.that.{chosen.comparison}", what=dimension_name(words, chosen.dimension), value=shown)


def _times(asked: panels.Asked) -> dict[str, object]:
    """Return the time as an address has it."""
    return {**asked.time.in_address, **_comparison(asked)}


def _comparison(asked: panels.Asked) -> dict[str, object]:
    """Return what it is compared with, as an address has it; the usual is not said."""
    return {} if asked.time.compare == TIMES_BEFORE[0] else {"compare": asked.time.compare}


def _zoom(asked: panels.Asked, bar: Bar) -> str | None:
    """Return the query of the page of what a bar stands for, with the same filters; None where it tells no more."""
    if bar.days is None or bar.days == asked.time.shown:
        return None
    return query_of(asked, {"range": None, "from": bar.days.first, "to": bar.days.last})
