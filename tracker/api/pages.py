"""Pages of a list: in a stable order, each with a cursor that says where the next one begins.

Rows that come or go between two requests make no other row appear twice or not at all. A cursor is for the API alone
to read; what is no cursor is refused.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar

import orjson
from marshmallow import Schema, fields

from tracker.api.fields import QueryWhole, Text
from tracker.errors import Refused, invalid

MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 100

T = TypeVar("T")
RowPosition = tuple[str | int, ...]
"""What orders a row, as plain JSON values."""


class PageQuery(Schema):
    """The query parameters of every list."""

    limit = QueryWhole(1, MAX_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "Rows of the page."})
    cursor = Text(
        1000,
        shortest=1,
        load_default=None,
        metadata={"description": "`next_cursor` of the page before; absent for the first page."},
    )


@cache
def page_of(row: type[Schema]) -> type[Schema]:
    """Return the form of a page of such rows."""
    members = {
        "items": fields.List(fields.Nested(row), required=True),
        "next_cursor": fields.String(
            required=True, allow_none=True, metadata={"description": "Where the next page begins; null: nowhere."}
        ),
    }
    return type(f"{row.__name__}Page", (Schema,), members)


def page(rows: Sequence[T], limit: int, place: Callable[[T], RowPosition]) -> dict[str, Any]:
    """Return a page's data from `limit` + 1 rows, of which the last one only says that there are more."""
    more = len(rows) > limit
    shown = rows[:limit]
    return {"items": shown, "next_cursor": _encode(place(shown[-1])) if more else None}


def page_after(rows: Iterable[T], query: Mapping[str, Any], place: Callable[[T], RowPosition]) -> dict[str, Any]:
    """Return the same from all the rows, in any order, of a list that is short enough to be read whole."""
    ordered = sorted(rows, key=place)
    # Where everything was deleted since the page before, nothing says how long a place is, and nothing follows it.
    after = place_of(query["cursor"], len(place(ordered[0])) if ordered else None)
    if after is not None:
        try:
            ordered = [row for row in ordered if place(row) > after]
        except TypeError:
            raise not_a_cursor() from None
    return page(ordered, query["limit"], place)


def place_of(cursor: str | None, length: int | None) -> tuple[Any, ...] | None:
    """Return the place of `length` values (None: of any number) that a cursor stands for; None for no cursor.

    Raises Refused for what is no cursor.
    """
    if cursor is None:
        return None
    try:
        place = orjson.loads(b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
    except ValueError:
        place = None
    if (
        not isinstance(place, list)
        or length not in (None, len(place))
        or not all(type(value) in (str, int) for value in place)
    ):
        raise not_a_cursor()
    if any(type(value) is str and "\0" in value for value in place):
        raise not_a_cursor()
    return tuple(place)


def moment_of(value: str | int) -> datetime:
    """Return the time in a cursor. Raises Refused where it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise not_a_cursor() from None
    if moment.tzinfo is None:
        raise not_a_cursor()
    return moment


def number_of(value: str | int) -> int:
    """Return the id in a cursor. Raises Refused where it is none."""
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise not_a_cursor()
    return value


def not_a_cursor() -> Refused:
    """Return the 400 for a cursor that did not come from here."""
    reason = "Is not a cursor of this list."
    return invalid(f"cursor: {reason}", cursor=[reason])


def _encode(place: RowPosition) -> str:
    return urlsafe_b64encode(orjson.dumps(place)).decode()
