"""The audit log: every change is noted in the transaction that makes it, with who made it, and told to webhooks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from tracker.application import Application
from tracker.management.webhook_urls import place_of
from tracker.outbox.event import Event, event_id
from tracker.outbox.publish import publish
from tracker.store import audit_log
from tracker.store.database import Database, Transaction

NAMED: Final = ("api_key", "goal", "funnel", "segment", "share", "member", "webhook")
"""What changes are of that goes by an id and has a name; the kinds with which their actions begin."""
ThingNames = Mapping[tuple[str, UUID], str | None]
"""What things are called, by kind and id."""
_SECRET = frozenset({"api_key", "api_key_hash", "key_hash", "secret", "previous_secret"})
_MAX_SUBJECT_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Actor:
    """The operator with the admin token, the holder of a key, or whoever may run commands on the server.

    `key_id` says which key; None with the kind "key" is the application's first key.
    """

    kind: Literal["admin", "key", "command"]
    key_id: UUID | None = None


ADMIN = Actor("admin")
COMMAND = Actor("command")


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it was noted: its number in the log, and what of the thing differs."""

    number: int
    at: datetime
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def record(
    tx: Transaction,
    by: Actor,
    application_id: UUID | None,
    action: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Change:
    """Note in the caller's transaction that `by` did `action` (`setting.changed`) to `subject`.

    `before` is None for what is new, `after` for what is gone; where both are given only what differs is kept.
    Neither ever holds a secret: columns that do are left out here, should a caller have passed a whole row.
    """
    old, new = _plain(before), _plain(after)
    if old is not None and new is not None:
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        old = {name: value for name, value in old.items() if name in changed}
        new = {name: value for name, value in new.items() if name in changed}
    number, at = audit_log.insert(
        tx,
        actor_kind=by.kind,
        actor_key_id=by.key_id,
        application_id=application_id,
        action=action,
        subject=subject[:_MAX_SUBJECT_LENGTH],
        before=old,
        after=new,
    )
    return Change(number, at, action, subject, old, new)


def note(
    tx: Transaction,
    by: Actor,
    application: Application,
    action: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    event: str | None = None,
) -> None:
    """Note a change in the transaction that makes it, and publish it as `event` where webhooks may ask for that."""
    change = record(tx, by, application.id, action, subject, before=before, after=after)
    if event is not None:
        data = {"change": action, "subject": subject, "before": change.before, "after": change.after}
        happened = Event(event, event_id("change", change.number), change.at, data)
        publish(tx, application.id, [happened], change.at)


def list_(
    database: Database,
    *,
    application_id: UUID | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Changes of one application or of all, newest first; `after` is the time and id of the last row seen."""
    with database.transaction() as tx:
        rows = audit_log.list_rows(
            tx, application_id=application_id, action=action, since=since, until=until, after=after, limit=limit
        )
    return [_without_keys(row) if row["action"].startswith("webhook.") else row for row in rows]


def names_of(database: Database, things: Collection[tuple[str, UUID]]) -> ThingNames:
    """Return what things of these kinds and ids are called, revoked keys too; those that are gone are missing."""
    if not things:
        return {}
    with database.transaction() as tx:
        rows = audit_log.names(tx, {thing_id for _, thing_id in things})
    names = {(row["kind"], row["id"]): row["name"] for row in rows if (row["kind"], row["id"]) in things}
    return {thing: place_of(name) if name and thing[0] == "webhook" else name for thing, name in names.items()}


def _without_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a change of a webhook as it is shown: versions before kept more of its URL."""
    shown = {name: row[name] and {**row[name]} for name in ("before", "after")}
    for values in shown.values():
        if values and isinstance(values.get("url"), str):
            values["url"] = place_of(values["url"])
    return {**row, **shown}


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the values as JSON has them (times and UUIDs as texts), without secrets."""
    if values is None:
        return None
    public = {name: value for name, value in values.items() if name not in _SECRET}
    plain: dict[str, Any] = orjson.loads(orjson.dumps(public, option=orjson.OPT_UTC_Z))
    return plain
