"""Where names that machines gave may end a line (behind their signs, not within words), and how long ones are cut."""

import re
import unicodedata
from itertools import accumulate
from typing import Final

from markupsafe import Markup

_ESCAPE: Final = re.compile("%[0-9A-Fa-f]{2}")
_JOINER: Final = "\N{ZERO WIDTH JOINER}"
_BEHIND_SIGNS: Final = re.compile(r"(?<=[/._:?&=])(?=[^/._:?&=])")


def breakable(text: str) -> Markup:
    """Return a path, a host or a key as HTML, with a place to break behind each sign."""
    return Markup("<wbr>").join(_BEHIND_SIGNS.split(text))


def cut_in_middle(text: str, width: int) -> str:
    """Return a text that takes at most so many letters of Latin, of a longer one its beginning and its end.

    Long paths mostly differ at their end. A letter of Chinese or Japanese takes as much room as two.
    """
    if len(text) <= width and text.isascii():
        return text
    widths = [2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text]
    if sum(widths) <= width:
        return text
    half = (width - 1) // 2
    head = sum(so_far <= half for so_far in accumulate(widths))
    tail = len(text) - sum(so_far <= half for so_far in accumulate(reversed(widths)))
    while head and _is_within(text, head):
        head -= 1
    while tail < len(text) and _is_within(text, tail):
        tail += 1
    return f"{text[:head]}…{text[tail:]}"


def _is_within(text: str, place: int) -> bool:
    """Return whether what stands behind a place belongs to what stands before it: a mark, or an escape's digit."""
    belongs = unicodedata.category(text[place])[0] == "M" or _JOINER in text[place - 1 : place + 1]
    escape = text.rfind("%", max(0, place - 2), place)
    return belongs or (escape >= 0 and _ESCAPE.match(text, escape) is not None)
