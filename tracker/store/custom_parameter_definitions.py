"""The table `custom_parameter_definitions`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from tracker.application import ParameterDefinition
from tracker.store import applications
from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, execute, fetch_all


def by_application(tx: Transaction, application_ids: Sequence[UUID]) -> dict[UUID, tuple[ParameterDefinition, ...]]:
    """Return the definitions of each of the applications that has any, by key."""
    by_id = defaultdict[UUID, list[ParameterDefinition]](list)
    params = {"application_ids": list(application_ids)}
    for row in fetch_all(tx, "custom_parameter_definitions/by_application", params):
        by_id[row["application_id"]].append(ParameterDefinition(**row))
    return {application_id: tuple(definitions) for application_id, definitions in by_id.items()}


def over_limits(tx: Transaction, *, definitions: int, default_bytes: int) -> list[str]:
    """List the app_ids of applications with more definitions, or more bytes of defaults, than these."""
    params = {"definitions": definitions, "default_bytes": default_bytes}
    return [row["app_id"] for row in fetch_all(tx, "custom_parameter_definitions/over_limits", params)]


def upsert(tx: Transaction, application_id: UUID, definitions: Iterable[ParameterDefinition]) -> None:
    """Write definitions of one application; one with the same key is overwritten."""
    rows = [
        {
            "parameter_key": definition.parameter_key,
            "parameter_name": definition.parameter_name,
            "parameter_type": definition.parameter_type,
            "description": definition.description,
            "is_required": definition.is_required,
            "default_value": definition.default_value,
            "validation_rules": None if definition.validation_rules is None else dict(definition.validation_rules),
        }
        for definition in definitions
    ]
    params = {"application_id": application_id, "definitions": Jsonb(rows)}
    execute(tx, "custom_parameter_definitions/upsert", params)
    applications.touch(tx, application_id)


def delete(tx: Transaction, application_id: UUID, parameter_key: str) -> bool:
    """Forget a definition; whether there was one. Values already stored under it stay."""
    params = {"application_id": application_id, "parameter_key": parameter_key}
    deleted = execute(tx, "custom_parameter_definitions/delete", params)
    applications.touch(tx, application_id)
    return deleted == 1
