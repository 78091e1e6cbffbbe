"""Aliases of an application, one by one: the setting `aliases` has them all."""

from tracker.application_settings import ALIASES
from tracker.errors import invalid, not_found
from tracker.management import settings
from tracker.management.audit import COMMAND, Actor
from tracker.management.known_application import known
from tracker.setting_types import alias_of
from tracker.store.database import Database


def list_(database: Database, app_id: str) -> tuple[str, ...]:
    """Return the aliases of an application. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        return ALIASES.value(known(tx, app_id).settings)


def add(database: Database, app_id: str, name: str, *, by: Actor = COMMAND) -> tuple[str, ...]:
    """Give an application one more alias, and return them all.

    Raises Refused: APPLICATION_NOT_FOUND, VALIDATION_ERROR for what can be no alias, CONFLICT where another has it.
    """
    alias = _spelled(name)
    names = tuple(dict.fromkeys((*list_(database, app_id), alias)))
    return _put(database, app_id, names, by=by)


def remove(database: Database, app_id: str, name: str, *, by: Actor = COMMAND) -> tuple[str, ...]:
    """Take an alias away, and return the others. Raises Refused: APPLICATION_NOT_FOUND, NOT_FOUND."""
    alias, names = _spelled(name), list_(database, app_id)
    if alias not in names:
        raise not_found(f"The application has no alias {alias!r}.")
    return _put(database, app_id, tuple(other for other in names if other != alias), by=by)


def _put(database: Database, app_id: str, names: tuple[str, ...], *, by: Actor) -> tuple[str, ...]:
    row = settings.set_(database, app_id, ALIASES.key, ALIASES.write(names), by=by)
    return ALIASES.read(row.setting_value)


def _spelled(name: str) -> str:
    alias = alias_of(name)
    if alias is None:
        reason = "It needs 1 to 100 characters without spaces and commas."
        raise invalid(f"The alias is not accepted: {reason}", alias=[reason])
    return alias
