"""The body of a webhook: `{"type", "timestamp", "data"}` (Standard Webhooks, "Payload structure"), under 20 KB; pure.

What is too large is cut, the largest fields of `data` first, and named in `data.truncated`: a text at its end; an
object or a list loses the members that have no room. What comes out is valid UTF-8 and valid JSON.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import orjson

from tracker.outbox.event import Event

MAX_BYTES = 20_000 - 1
TRUNCATED = "truncated"


def payload(event: Event, app_id: str, event_type: str | None = None) -> str:
    """Return the text that is signed and sent; `event_type` where this webhook gets the event under another name."""
    data = {"app_id": app_id, **event.data}
    whole = _message(event, event_type, data)
    if len(whole) > MAX_BYTES:
        whole = _message(event, event_type, _cut(data, MAX_BYTES - (len(whole) - len(_json(data)))))
    return whole.decode()


def _message(event: Event, event_type: str | None, data: Mapping[str, Any]) -> bytes:
    return _json({"type": event_type or event.type, "timestamp": event.time, "data": data})


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def _cut(data: Mapping[str, Any], room: int) -> dict[str, Any]:
    """Return the fields, each with at most the same number of bytes, so that the whole has at most `room`."""
    sizes = {name: len(_json(value)) for name, value in data.items()}
    # In the worst case all fields are named as cut; names and punctuation are never cut.
    empty = dict.fromkeys(data, 0)
    room -= len(_json({**empty, TRUNCATED: list(data)})) - len(empty)
    share = _share(list(sizes.values()), room)
    cut = [name for name, size in sizes.items() if size > share]
    return {**{name: _fit(value, share) if name in cut else value for name, value in data.items()}, TRUNCATED: cut}


def _share(sizes: list[int], room: int) -> int:
    """Return how much each may have so that all have their place: what small ones leave over goes to the large ones."""
    waiting = sorted(sizes)
    while waiting and waiting[0] <= room // len(waiting):
        room -= waiting.pop(0)
    return room // len(waiting) if waiting else room


def _fit(value: Any, room: int) -> Any:  # noqa: ANN401 a JSON value is anything
    """As much of a value as fits into so many bytes of JSON; None where nothing does."""
    if isinstance(value, str):
        return value[: bisect_right(range(1, len(value) + 1), room, key=lambda end: len(_json(value[:end])))]
    if isinstance(value, Mapping):
        members = list(value.items())
        kept = _kept([len(_json({name: member})) - 1 for name, member in members], room - 1)
        return dict(pair for pair, keep in zip(members, kept, strict=True) if keep)
    if isinstance(value, list | tuple):
        kept = _kept([len(_json(member)) + 1 for member in value], room - 1)
        return [member for member, keep in zip(value, kept, strict=True) if keep]
    return None


def _kept(sizes: list[int], room: int) -> list[bool]:
    """Return which members stay: from the first on, each that still has room; one that is too large does not end it."""
    kept = []
    for size in sizes:
        kept.append(size <= room)
        if kept[-1]:
            room -= size
    return kept
