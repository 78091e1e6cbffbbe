"""Lists that are shown in pages: `?after=50` is the page behind the first 50 of a list that is read as a whole."""

from collections.abc import Iterable, Sequence

from flask import request
from markupsafe import escape

from tracker.errors import invalid

_MAX_DIGITS = 6


def first_of_page(listed: Sequence[object]) -> int:
    """Return the place of the first one that is shown, that of the whole list where it is shorter by now.

    Raises Refused for what is no place.
    """
    text = request.args.get("after", "0")
    place = int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else -1
    if place < 0:
        raise invalid("There is no such page.")
    return place if place < len(listed) else 0


def how_many_fit(sizes: Iterable[int], room: int) -> int:
    """Return how many of a list a page has room for, one at least; all in bytes of HTML."""
    count = 0
    for size in sizes:
        room -= size
        if room < 0:
            return max(count, 1)
        count += 1
    return count


def bytes_of(*texts: object) -> int:
    """Return how many bytes of HTML texts take."""
    return sum(len(escape(text).encode()) for text in texts)
