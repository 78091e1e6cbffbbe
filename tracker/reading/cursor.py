"""A cursor: the place where a page ended, as a text that the reader hands back without looking into it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

import orjson

from tracker.errors import invalid

SessionPosition = tuple[datetime, UUID]
_MAX_LENGTH = 200


def encode(place: SessionPosition) -> str:
    """Return the text for a place."""
    return urlsafe_b64encode(orjson.dumps([place[0].isoformat(), place[1].hex])).rstrip(b"=").decode()


def decode(text: str) -> SessionPosition:
    """Return the place that `encode` was given. Raises Refused (`cursor`) for anything else."""
    try:
        time, identity = orjson.loads(urlsafe_b64decode(text[:_MAX_LENGTH].encode("ascii") + b"=" * (-len(text) % 4)))
        place = datetime.fromisoformat(time), UUID(identity)
    except (ValueError, TypeError, AttributeError):
        place = None
    # A time without a zone, or in another spelling, is none that was handed out.
    if place is None or place[0].tzinfo is None or encode(place) != text:
        reason = "Is not a cursor that a page of this list ended with."
        raise invalid(f"cursor: {reason}", cursor=[reason])
    return place
