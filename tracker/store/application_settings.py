"""The table `application_settings`. What the keys mean stands in `tracker.application_settings`."""

from uuid import UUID

from tracker.store import applications
from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all


def put(tx: Transaction, application_id: UUID, setting_key: str, setting_value: str | None) -> None:
    """Set one setting, over what it was."""
    params = {"application_id": application_id, "setting_key": setting_key, "setting_value": setting_value}
    execute(tx, "application_settings/put", params)
    applications.touch(tx, application_id)


def unset(tx: Transaction, application_id: UUID, setting_key: str) -> bool:
    """Forget one setting; whether there was one."""
    params = {"application_id": application_id, "setting_key": setting_key}
    deleted = execute(tx, "application_settings/unset", params)
    applications.touch(tx, application_id)
    return deleted == 1


def of_all(tx: Transaction, setting_key: str) -> list[Row]:
    """One setting of every application, a deleted one too; its value is None where it has none."""
    return fetch_all(tx, "application_settings/of_all", {"key": setting_key})
