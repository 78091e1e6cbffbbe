"""Lists that are read as a whole and shown in pages: `?after=50` is the page behind the first 50 of a list."""

from collections.abc import Sequence

from flask import request

from tracker.errors import invalid

_MAX_DIGITS = 6


def first_of_page(listed: Sequence[object]) -> int:
    """Return the place of the first one that is shown. Raises Refused for what is no place in the list."""
    text = request.args.get("after", "0")
    place = int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else -1
    if not 0 <= place <= max(0, len(listed) - 1):
        raise invalid("There is no such page.")
    return place
