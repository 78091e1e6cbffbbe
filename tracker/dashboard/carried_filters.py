"""Filters that are long stand in the path of a page, once: in its query they would be in each of two hundred links.

`/applications/shop/filtered/cGFnZT0vYQ/?range=7d`: what follows `filtered` is their query in base64url. A link that is
a query alone keeps the path, so it names what it adds, and by their places those that it goes `without`, and the one
that is `turned` round; the answer leads to the address in which all stands where it belongs.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

from flask import g, request

from tracker.dashboard.range_choice import query_string
from tracker.errors import not_found
from tracker.traffic_filters import TrafficFilter, filter_named

PART: Final = "filtered"
WITHOUT: Final = "without"
TURNED: Final = "turned"
ALL: Final = "all"
"""What an address is without where none of the path's filters stay."""
SAVED: Final = "saved"
"""The name of saved filters in an address, by their id, which takes the place of all others."""
_MOVES: Final = {WITHOUT, TURNED, SAVED}
MAX_IN_QUERY: Final = 400
"""Bytes that filters take in a query."""


def take() -> None:
    """Keep what the request's path says of filters, which no page is called with. Raises Refused."""
    text = (request.view_args or {}).pop("filters", None)
    g.carried_filters = {} if text is None else _read(text)


def named() -> dict[str, str]:
    """Return what an address has by name: the filters of its path as far as they stay, and its query."""
    gone, turned = request.args.get(WITHOUT, "").split(","), request.args.get(TURNED)
    kept, carried = {}, _carried()
    for place, (name, value) in enumerate(carried.items()):
        one = filter_named(name, value)
        if one is not None and str(place) not in gone and gone != [ALL]:
            other = one.opposite if str(place) == turned else None
            # Whoever has both, one and its opposite, keeps both: they differ by their values.
            is_free = other is not None and other.name not in {**carried, **request.args}
            kept[other.name if other is not None and is_free else one.name] = value
    return {**kept, **request.args.to_dict()}


def are_long(filters: Sequence[TrafficFilter]) -> bool:
    """Return whether they belong into the path."""
    return len(query_of_filters(filters).encode()) > MAX_IN_QUERY


def stand_well(filters: Sequence[TrafficFilter], *, refused: bool) -> bool:
    """Return whether the request's address has its filters where they belong; of refused ones it may name more."""
    if are_long(filters):
        is_whole = list(_carried().items()) == list(by_name(filters).items())
        return is_whole and (refused or not (request.args.keys() & {*_MOVES, *by_name(filters)}))
    return refused or not (_carried() or request.args.keys() & _MOVES)


def path_of(filters: Sequence[TrafficFilter], part: str = "") -> str:
    """Return what follows an application's address on the way to a page with these filters, or to a part of it."""
    if not are_long(filters):
        return f"/{part}" if part else ""
    text = urlsafe_b64encode(query_of_filters(filters).encode()).decode().rstrip("=")
    return f"/{PART}/{text}/{part}"


def by_name(filters: Sequence[TrafficFilter]) -> dict[str, str]:
    """Return values by the names that an address has."""
    return {one.name: one.value for one in filters}


def query_of_filters(filters: Sequence[TrafficFilter]) -> str:
    """Return them as the query of an address."""
    return query_string(**by_name(filters))


def _carried() -> Mapping[str, str]:
    carried: Mapping[str, str] = g.get("carried_filters", {})
    return carried


def _read(text: str) -> dict[str, str]:
    try:
        query = b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True).decode()
        named = parse_qsl(query.removeprefix("?"), errors="strict")
        return {name: value for name, value in named if filter_named(name, value) is not None}
    except ValueError:
        raise not_found("There is nothing at this address.") from None
