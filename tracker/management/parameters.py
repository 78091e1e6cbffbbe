"""Definitions of custom parameters: list them, write one, write a preset's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from tracker.application import ParameterDefinition
from tracker.errors import invalid
from tracker.management.definition_check import problems_of
from tracker.management.known_application import known
from tracker.management.presets import preset
from tracker.store import custom_parameter_definitions as definition_table
from tracker.store.database import Database, Transaction


def list_(database: Database, app_id: str) -> list[ParameterDefinition]:
    """An application's definitions, by key. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        application = known(tx, app_id)
        return list(definition_table.by_application(tx, [application.id]).get(application.id, ()))


def set_(
    database: Database, app_id: str, key: str, changes: Mapping[str, Any], rules: Mapping[str, Any] | None = None
) -> ParameterDefinition:
    """Write a definition: columns that `changes` leaves out keep their value, or get their default in a new one.

    `rules` are single validation rules that are added to, or replace, those that the definition then has. Raises
    Refused for an unknown application, and where the definition as a whole would not make sense.
    """
    with database.transaction() as tx:
        application = known(tx, app_id)
        present = definition_table.by_application(tx, [application.id]).get(application.id, ())
        definition = next((each for each in present if each.parameter_key == key), None)
        if definition is None:
            if "parameter_type" not in changes:
                raise invalid(f"{key} is new: it needs a type.", parameter_type=["Missing."])
            columns = {"parameter_name": key, **changes}
            definition = ParameterDefinition(application_id=application.id, parameter_key=key, **columns)
        else:
            definition = replace(definition, **changes)
        definition = replace(
            definition, validation_rules={**(definition.validation_rules or {}), **(rules or {})} or None
        )
        _write(tx, application.id, [definition])
    return definition


def apply_preset(database: Database, app_id: str, name: str) -> list[ParameterDefinition]:
    """Write a preset's definitions into an application; those of the same key are overwritten.

    Raises Refused for an unknown application or preset.
    """
    with database.transaction() as tx:
        return write_preset(tx, known(tx, app_id).id, name)


def write_preset(tx: Transaction, application_id: UUID, name: str) -> list[ParameterDefinition]:
    """The same within the caller's transaction."""
    definitions = [ParameterDefinition(application_id=application_id, **each) for each in preset(name)]
    _write(tx, application_id, definitions)
    return definitions


def _write(tx: Transaction, application_id: UUID, definitions: Sequence[ParameterDefinition]) -> None:
    for definition in definitions:
        if problems := problems_of(definition):
            sentences = " ".join(f"{column}: {' '.join(reasons)}" for column, reasons in problems.items())
            raise invalid(f"The definition of {definition.parameter_key!r} is not accepted. {sentences}", **problems)
    definition_table.upsert(tx, application_id, definitions)
