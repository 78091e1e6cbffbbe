"""What an event is, and how it is named; pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once. `event_id` says which: consumers discard what they have seen under it.

    `time` is when it happened. `data` is JSON; the application's `app_id` is added to it.
    """

    type: str
    event_id: str
    time: datetime
    data: Mapping[str, Any]


def event_id(kind: str, *what: object) -> str:
    """Return an id that follows from what happened, so that the same happening has the same id whoever notes it.

    Standard Webhooks forbids points in ids: the texts of what happened, which may hold anything, are digested.
    """
    digest = hashlib.blake2b(digest_size=16, person=b"tracker-event")
    for part in what:
        text = part.isoformat() if isinstance(part, datetime) else str(part)
        digest.update(b"%d:" % len(text.encode()))
        digest.update(text.encode())
    return f"{kind}_{digest.hexdigest()}"
