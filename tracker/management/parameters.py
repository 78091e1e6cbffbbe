"""Definitions of custom parameters: listed, written, taken away, or written as a preset's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from tracker.application import Application, ParameterDefinition
from tracker.errors import Refused, conflict, invalid, not_found
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.definition_check import problems_of, problems_of_all
from tracker.management.known_application import known, locked
from tracker.management.presets import preset
from tracker.management.versions import Expected, require
from tracker.outbox.event_types import PARAMETER_UPDATED
from tracker.store import custom_parameter_definitions as definition_table
from tracker.store.database import Database, Transaction


def list_(database: Database, app_id: str) -> list[ParameterDefinition]:
    """Return an application's definitions, by key. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        return list(_present(tx, known(tx, app_id)).values())


def get(database: Database, app_id: str, key: str) -> ParameterDefinition:
    """One definition. Raises Refused for an unknown application or key."""
    with database.transaction() as tx:
        return _definition(_present(tx, known(tx, app_id)), key)


def create(
    database: Database, app_id: str, key: str, columns: Mapping[str, Any], *, by: Actor = COMMAND
) -> ParameterDefinition:
    """Write a new definition. Raises Refused as `set_` does, and CONFLICT where the key is defined already."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if key in _present(tx, application):
            raise conflict(f"The parameter {key!r} is defined already.")
        return _write(tx, application, [_new(application, key, columns)], by=by)[0]


def put(
    database: Database,
    app_id: str,
    key: str,
    columns: Mapping[str, Any],
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> tuple[ParameterDefinition, bool]:
    """Write a whole definition, over the one there may be; whether it is new. Columns left out get their default."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        present = _present(tx, application).get(key)
        if present is not None:
            require(expected, present)
        elif expected is not None:
            raise _unknown(key)
        return _write(tx, application, [_new(application, key, columns)], by=by)[0], present is None


def set_(
    database: Database,
    app_id: str,
    key: str,
    changes: Mapping[str, Any],
    rules: Mapping[str, Any] | None = None,
    *,
    by: Actor = COMMAND,
) -> ParameterDefinition:
    """Write a definition: columns that `changes` leaves out keep their value, or get their default in a new one.

    `rules` are single validation rules that are added to, or replace, those that the definition then has. Raises
    Refused for an unknown application, and where the definition as a whole would not make sense.
    """
    with database.transaction() as tx:
        application = locked(tx, app_id)
        present = _present(tx, application).get(key)
        definition = _new(application, key, changes) if present is None else replace(present, **changes)
        definition = replace(
            definition, validation_rules={**(definition.validation_rules or {}), **(rules or {})} or None
        )
        return _write(tx, application, [definition], by=by)[0]


def change(
    database: Database,
    app_id: str,
    key: str,
    changes: Mapping[str, Any],
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> ParameterDefinition:
    """Change columns of a definition that is there. Raises Refused: NOT_FOUND, PRECONDITION_FAILED, and as `set_`."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        present = _definition(_present(tx, application), key)
        require(expected, present)
        return _write(tx, application, [replace(present, **changes)], by=by)[0]


def delete(database: Database, app_id: str, key: str, *, by: Actor = COMMAND, expected: Expected = None) -> None:
    """Take a definition away; values stored under it stay. Raises Refused: NOT_FOUND, PRECONDITION_FAILED."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        present = _definition(_present(tx, application), key)
        require(expected, present)
        definition_table.delete(tx, application.id, key)
        before = _columns(present)
        note(tx, by, application, "custom_parameter.deleted", key, before=before, event=PARAMETER_UPDATED)


def apply_preset(database: Database, app_id: str, name: str, *, by: Actor = COMMAND) -> list[ParameterDefinition]:
    """Write a preset's definitions into an application; those of the same key are overwritten.

    Raises Refused for an unknown application or preset.
    """
    with database.transaction() as tx:
        return write_preset(tx, locked(tx, app_id), name, by=by)


def write_preset(tx: Transaction, application: Application, name: str, *, by: Actor) -> list[ParameterDefinition]:
    """Do the same within the caller's transaction."""
    definitions = [ParameterDefinition(application_id=application.id, **columns) for columns in preset(name)]
    return _write(tx, application, definitions, by=by)


def _new(application: Application, key: str, columns: Mapping[str, Any]) -> ParameterDefinition:
    if "parameter_type" not in columns:
        raise invalid(f"{key} is new: it needs a type.", parameter_type=["Missing."])
    return ParameterDefinition(application_id=application.id, parameter_key=key, **{"parameter_name": key, **columns})


def _write(
    tx: Transaction, application: Application, definitions: Sequence[ParameterDefinition], *, by: Actor
) -> list[ParameterDefinition]:
    """Write definitions that make sense; those that are there already, column for column, count as no change."""
    for definition in definitions:
        if problems := problems_of(definition):
            sentences = " ".join(f"{column}: {' '.join(reasons)}" for column, reasons in problems.items())
            raise invalid(f"The definition of {definition.parameter_key!r} is not accepted. {sentences}", **problems)
    present = _present(tx, application)
    changed = [definition for definition in definitions if present.get(definition.parameter_key) != definition]
    _require_room(present, changed)
    if changed:
        definition_table.upsert(tx, application.id, changed)
    for definition in changed:
        old = present.get(definition.parameter_key)
        action = "custom_parameter.created" if old is None else "custom_parameter.updated"
        before, after = None if old is None else _columns(old), _columns(definition)
        note(tx, by, application, action, definition.parameter_key, before=before, after=after, event=PARAMETER_UPDATED)
    return list(definitions)


def _require_room(present: Mapping[str, ParameterDefinition], changed: Sequence[ParameterDefinition]) -> None:
    """Raise Refused where definitions would be more than an application may have; what is there already may stay."""
    after = {**present, **{definition.parameter_key: definition for definition in changed}}
    if problems := problems_of_all(list(present.values()), list(after.values())):
        sentences = " ".join(problems.values())
        raise invalid(sentences, **{column: [sentence] for column, sentence in problems.items()})


def _present(tx: Transaction, application: Application) -> dict[str, ParameterDefinition]:
    definitions = definition_table.by_application(tx, [application.id]).get(application.id, ())
    return {definition.parameter_key: definition for definition in definitions}


def _definition(present: Mapping[str, ParameterDefinition], key: str) -> ParameterDefinition:
    if key not in present:
        raise _unknown(key)
    return present[key]


def _unknown(key: str) -> Refused:
    return not_found(f"There is no definition of the parameter {key[:100]!r}.")


def _columns(definition: ParameterDefinition) -> dict[str, Any]:
    columns = asdict(definition)
    del columns["application_id"]
    return columns
