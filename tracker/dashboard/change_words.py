"""A change of the audit log in the reader's words: of what it is, which of its fields differ, and what they held.

The log keeps names of columns, ids and JSON. What a thing is called is asked for as far as it is still there; of what
is gone, the log itself may have kept the name. A name is only looked for where the log has the id of a thing: an
owner's own text that looks like an id is shown as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from tracker.dashboard.formats import NOTHING, Days
from tracker.dashboard.wording import Words
from tracker.goal import GoalStep
from tracker.management.audit import NAMED, ThingNames
from tracker.management.keys import FIRST

_KEYS: Final = ("key_id", "replaced_by")
"""Fields that hold the id of a key."""
_TIMES: Final = ("expires_at", "deleted_at", "previous_secret_expires_at", "failed_since")
_STEPS: Final = ("step", "steps")
_IN_WORDS: Final = {"status": "status", "role": "role"}
"""Fields whose values have words, by what their names begin with."""
_MAX_VALUE_LENGTH: Final = 200
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a change is of: in words, and as the log has it."""

    label: str
    stored: str


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field in words with what it was and what it is; None where the whole was or is not there."""

    field: str
    label: str
    before: str | None
    after: str | None


def things_of(changes: Sequence[Mapping[str, Any]]) -> set[tuple[str, UUID]]:
    """Return the kinds and ids of the things that changes speak of."""
    named = (pair for change in changes for pair in _things_of(change))
    return {(kind, thing_id) for kind, text in named if (thing_id := _id(text)) is not None}


def _things_of(change: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield "api_key", change["actor_key_id"]
    yield _kind(change), change["subject"]
    for values in (change["before"], change["after"]):
        yield from (("api_key", (values or {}).get(field)) for field in _KEYS)


def subject_of(words: Words, names: ThingNames, change: Mapping[str, Any]) -> Subject | None:
    """Return what a change is of; None where that is the application itself, or a note, which has no name."""
    stored, kind = change["subject"], _kind(change)
    if stored == change["app_id"] or kind == "annotation":
        return None
    if kind == "setting":
        return Subject(words.known(f"setting.{stored}", stored), stored)
    if kind == "api_key" and stored == FIRST:
        return Subject(words("keys.first"), stored)
    thing_id = _id(stored)
    name = names.get((kind, thing_id)) if kind in NAMED and thing_id is not None else None
    kept = {**(change["before"] or {}), **(change["after"] or {})}
    return Subject(name or str(kept.get("name") or kept.get("url") or stored), stored)


def differences_of(words: Words, names: ThingNames, change: Mapping[str, Any]) -> list[FieldDifference]:
    """Return each field that differs. What is new, or is gone, tells only what it holds beside its name."""
    before, after = change["before"], change["after"]
    subject = subject_of(words, names, change)

    def text(values: Mapping[str, Any] | None, field: str) -> str | None:
        return None if values is None else _short(_text(words, names, change["subject"], field, values.get(field)))

    return [
        FieldDifference(field, words.known(f"field.{field}", field), text(before, field), text(after, field))
        for field in sorted({*(before or {}), *(after or {})})
        if (before is not None and after is not None)
        or (before or after or {})[field] not in (None, subject and field == "name" and subject.label)
    ]


def _kind(change: Mapping[str, Any]) -> str:
    return str(change["action"]).partition(".")[0]


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _text(words: Words, names: ThingNames, subject: str, field: str, value: Any) -> str:  # noqa: ANN401 whatever JSON holds
    if isinstance(value, list):
        return ", ".join(_text(words, names, subject, field, one) for one in value) or NOTHING
    if value is None or value == "":
        return words("settings.default") if field == "setting_value" and value is None else NOTHING
    if isinstance(value, bool):
        return words("choice.true" if value else "choice.false")
    return _said(words, names, subject, field, value) if isinstance(value, str) else orjson.dumps(value).decode()


def _said(words: Words, names: ThingNames, subject: str, field: str, value: str) -> str:
    thing_id = _id(value) if field in _KEYS else None
    if thing_id is not None:
        return names.get(("api_key", thing_id)) or value
    if field == "setting_value":
        return words.known(f"choice.{subject}.{value}", words.known(f"choice.{value}", value))
    if field in _IN_WORDS:
        return words.known(f"{_IN_WORDS[field]}.{value}", value)
    return _moment(words, value) if field in _TIMES else _step(words, value) if field in _STEPS else value


def _moment(words: Words, value: str) -> str:
    try:
        return Days(words).moment(datetime.fromisoformat(value))
    except ValueError:
        return value


def _step(words: Words, value: str) -> str:
    try:
        step = GoalStep.read(value)
    except ValueError:
        return value
    return f"{words(f'goals.kind.{step.kind}')} {step.value}"


def _short(text: str) -> str:
    return text if len(text) <= _MAX_VALUE_LENGTH else text[:_MAX_VALUE_LENGTH] + "…"
