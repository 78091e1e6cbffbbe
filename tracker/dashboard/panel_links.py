"""What the templates of panels and of the chart need beside their numbers: where their values and bars lead."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from tracker.dashboard import panels
from tracker.dashboard.chart import Bar
from tracker.dashboard.formats import Days
from tracker.dashboard.labels import label_of
from tracker.dashboard.neighbours import neighbours
from tracker.dashboard.ranges import CHOSEN, COMPARISONS
from tracker.dashboard.wording import Words, language


def of_panels(asked: panels.Asked) -> dict[str, Any]:
    """Return it, for the page that is asked for."""
    words = Words(language())
    label = partial(label_of, words)
    return {
        "asked": asked.time,
        "filters": asked.filters,
        "unfiltered": dict.fromkeys(one.name for one in asked.filters),
        "chosen": asked.panels,
        "times": _times(asked),
        "comparison": _comparison(asked),
        "groups": panels.GROUPS,
        "is_group_shown": lambda panel, group: panels.is_shown(panel, group, asked),
        "beside": neighbours(asked.time, Days(words)),
        "query": lambda **changed: query_of(asked, changed),
        "zoom": lambda bar: _zoom(asked, bar),
        "label": label,
        "in_words": lambda chosen: words(
            f"filter.that.{chosen.comparison}",
            what=words(f"filter.{chosen.dimension}"),
            value=label(chosen.dimension, chosen.value) if chosen.comparison != "contains" else chosen.value,
        ),
    }


def query_of(asked: panels.Asked, changed: Mapping[str, object]) -> str:
    """Return the query of this page's address, with some of it changed; what is None is left out."""
    time = _comparison(asked) if "range" in changed else _times(asked)
    filters = {chosen.name: chosen.value for chosen in asked.filters}
    merged = {**time, **filters, **asked.panels, **changed}
    return "?" + urlencode({name: str(value) for name, value in merged.items() if value is not None})


def _times(asked: panels.Asked) -> dict[str, object]:
    """Return the time as an address has it."""
    if asked.time.name == CHOSEN:
        return {"from": asked.time.period.first, "to": asked.time.period.last, **_comparison(asked)}
    return {"range": asked.time.name, **_comparison(asked)}


def _comparison(asked: panels.Asked) -> dict[str, object]:
    """Return what it is compared with, as an address has it; the usual is not said."""
    return {} if asked.time.compare == COMPARISONS[0] else {"compare": asked.time.compare}


def _zoom(asked: panels.Asked, bar: Bar) -> str | None:
    """Return the query of the page of what a bar stands for, with the same filters; None where it tells no more."""
    if bar.days is None or bar.days == asked.time.shown:
        return None
    return query_of(asked, {"range": None, "from": bar.days.first, "to": bar.days.last})
