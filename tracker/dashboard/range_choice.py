"""Where a page's reader chooses the time that it is about: names, arrows to the ones beside it, and its days."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote_plus

from tracker.dashboard.formats import Days
from tracker.dashboard.neighbours import neighbours
from tracker.dashboard.ranges import Range
from tracker.dashboard.wording import Words, language

_ENCODED: Final = re.compile(r"[^\w.,/:~\x2d\xa1-\U0010ffff]+|\s+")
"""What a link has encoded: signs of ASCII that mean something in it, control characters, and blanks."""


def query_string(**values: object) -> str:
    """Return a query as a link has it; what is None is left out. At least `?`, which leads to the page.

    Letters beyond ASCII stand as they are, which browsers encode: written out, one of Japanese takes nine bytes.
    """
    return "?" + "&".join(
        f"{_quoted(name)}={_quoted(str(value))}" for name, value in values.items() if value is not None
    )


def _quoted(text: str) -> str:
    return _ENCODED.sub(lambda part: quote_plus(part[0]), text)


def range_choice(
    asked: Range,
    names: Sequence[str],
    *,
    query: Callable[..., str] = query_string,
    also: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return what `ranges.html` needs for one of these names, or days from one to another.

    `query` makes the query of the page for another time; `also` is what the form of days keeps of the address.
    """
    days = Days(Words(language()))
    return {
        "asked": asked,
        "ranges": names,
        "query": query,
        "beside": neighbours(asked, days),
        "written": days.written,
        "also": also or {},
        "when": days.span(asked.shown),
    }
