"""The table `application_settings`. What the keys mean stands in `tracker.application_settings`."""

from collections.abc import Sequence
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


def lock_aliases(tx: Transaction) -> None:
    """Keep others from giving aliases until `tx` ends."""
    fetch_all(tx, "application_settings/lock_aliases")


def taken_aliases(tx: Transaction, names: Sequence[str], *, except_for: UUID | None = None) -> list[str]:
    """Return which of the names another application than `except_for` has, as its app_id or as an alias."""
    rows = fetch_all(tx, "application_settings/taken_aliases", {"names": list(names), "application_id": except_for})
    return [row["name"] for row in rows]
