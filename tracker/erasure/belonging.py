"""Whose an entry of the queue is, by its payload; pure."""

from collections.abc import Callable, Sequence
from datetime import datetime

import orjson

from tracker.queueing.entry import Entry
from tracker.store.person_rows import Person

Owned = Callable[[Entry], bool]


def of_person(person: Person) -> Owned:
    """Return whether an entry is the person's.

    What is no hit is theirs where it holds the application's name and theirs.
    """
    columns = {
        "client_sub_id": set(person.client_sub_ids),
        "session_id": set(person.session_ids),
        "ip_address": set(person.addresses),
    }
    names = [orjson.dumps(name) for values in columns.values() for name in values]
    owner = _of_application(person)

    def owns(entry: Entry) -> bool:
        data = entry.tracking_data
        # Nearly every entry is somebody else's, and a search for bytes tells. JSON has more than one spelling for a
        # text, but hits are written by one writer; whatever holds a backslash is read.
        if b"\\" not in data and not any(name in data for name in names):
            return False
        hit = _read(data)
        if hit is None:
            return orjson.dumps(person.app_id) in data and any(name in data for name in names)
        return owner(hit) and any(_is_in(hit.get(column), values) for column, values in columns.items())

    return owns


def of_application(person: Person) -> Owned:
    """Return whether an entry is the application's of this person."""
    owner = _of_application(person)
    names = [orjson.dumps(person.app_id), orjson.dumps(person.application_id)]

    def owns(entry: Entry) -> bool:
        data = entry.tracking_data
        if b"\\" not in data and not any(name in data for name in names):
            return False
        hit = _read(data)
        return any(name in data for name in names) if hit is None else owner(hit)

    return owns


def of_import(owner: Person, import_id: int, until: datetime) -> Owned:
    """Return whether an entry is of an import, and was queued until a time."""
    owns = of_application(owner)
    return lambda entry: entry.import_id == import_id and entry.created_at <= until and owns(entry)


def _of_application(person: Person) -> Callable[[dict[str, object]], bool]:
    application_id = str(person.application_id)
    return lambda hit: hit.get("application_id") == application_id or hit.get("app_id") == person.app_id


def _read(data: bytes) -> dict[str, object] | None:
    try:
        hit = orjson.loads(data)
    except ValueError:
        return None
    return hit if isinstance(hit, dict) else None


def _is_in(value: object, values: Sequence[str] | set[str]) -> bool:
    return isinstance(value, str) and value in values
