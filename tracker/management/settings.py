"""Settings of an application: listed, looked at, set, and left to their defaults again."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from tracker.application import Application
from tracker.application_settings import ALIASES, SETTINGS, KnownSetting
from tracker.errors import Refused, conflict, invalid, not_found
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.operator_limits import require_setting
from tracker.management.versions import Expected, changed_meanwhile, require
from tracker.outbox.event_types import APPLICATION_UPDATED
from tracker.store import application_settings, retention_state
from tracker.store.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """A setting as it holds for an application. `is_default` where the application has none of its own that counts."""

    setting_key: str
    setting_value: str
    default: str
    is_default: bool
    accepted: str
    meaning: str


def list_(database: Database, app_id: str) -> list[SettingRow]:
    """Return all settings, in the order of the table. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        stored = known(tx, app_id).settings
    return [_row(setting, stored.get(setting.key)) for setting in SETTINGS.values()]


def get(database: Database, app_id: str, key: str) -> SettingRow:
    """One setting. Raises Refused for an unknown application or key."""
    setting = setting_of(key)
    with database.transaction() as tx:
        stored = known(tx, app_id).settings
    return _row(setting, stored.get(key))


def set_(
    database: Database, app_id: str, key: str, text: str, *, by: Actor = COMMAND, expected: Expected = None
) -> SettingRow:
    """Give a setting a value of the application's own. Raises Refused, also for a value that it does not take."""
    return change(database, app_id, {key: text}, by=by, expected=expected)[0]


def unset(database: Database, app_id: str, key: str, *, by: Actor = COMMAND, expected: Expected = None) -> SettingRow:
    """Leave a setting to its default. Raises Refused for an unknown application or key."""
    return change(database, app_id, {key: None}, by=by, expected=expected)[0]


def change(
    database: Database,
    app_id: str,
    texts: Mapping[str, str | None],
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
    seen: Mapping[str, str] | None = None,
) -> list[SettingRow]:
    """Give several settings values at once, or leave those with None to their defaults: all of them, or none.

    `expected` speaks of the first one; `seen` says what each was when it was looked at, and one that has been changed
    to something else since refuses them all (PRECONDITION_FAILED). Raises Refused as `set_` does, CONFLICT for an alias
    that another application has, FORBIDDEN where a key would raise a limit above what the operator has set.
    """
    wanted = [(setting_of(key), text) for key, text in texts.items()]
    values = {setting.key: None if text is None else _normal(setting, text) for setting, text in wanted}
    with database.transaction() as tx:
        application = locked(tx, app_id)
        stored = application.settings
        if expected is not None and wanted:
            require(expected, _row(wanted[0][0], stored.get(wanted[0][0].key)))
        for key, value in values.items():
            if seen is not None:
                _require_seen(_row(SETTINGS[key], stored.get(key)), seen[key], value)
            is_as_before = stored.get(key) == value and (key in stored or value is None)
            if not is_as_before or by.kind != "key":
                require_setting(tx, application, SETTINGS[key], value, by=by)
            if is_as_before:
                continue
            if key == ALIASES.key and value:
                _require_free(tx, application, ALIASES.read(value))
            if value is None:
                application_settings.unset(tx, application.id, key)
            else:
                application_settings.put(tx, application.id, key, value)
            old, new = {"setting_value": stored.get(key)}, {"setting_value": value}
            note(tx, by, application, "setting.changed", key, before=old, after=new, event=APPLICATION_UPDATED)
    return [_row(setting, values[setting.key]) for setting, _ in wanted]


def months_kept(database: Database) -> int | None:
    """Return for how many whole months the scheduler that works keeps hits, 0 for all; None where none worked yet."""
    with database.transaction() as tx:
        return retention_state.running_months(tx)


def setting_of(key: str) -> KnownSetting:
    """Return the setting of this name. Raises Refused that names the nearest one there is."""
    if key in SETTINGS:
        return SETTINGS[key]
    nearest = get_close_matches(key, SETTINGS, n=1, cutoff=0.5)
    advice = f"Do you mean {nearest[0]}?" if nearest else f"There are {', '.join(SETTINGS)}."
    raise not_found(f"There is no setting {key!r}. {advice}")


def _require_seen(row: SettingRow, seen: str, value: str | None) -> None:
    """Raise Refused (PRECONDITION_FAILED) where a setting is neither what was seen of it nor what it shall be."""
    if row.setting_value not in (seen, row.default if value is None else value):
        raise changed_meanwhile(row.setting_key, row.setting_value)


def _require_free(tx: Transaction, application: Application, aliases: tuple[str, ...]) -> None:
    """Raise Refused (CONFLICT) for aliases that another application has; none is given elsewhere until `tx` ends."""
    application_settings.lock_aliases(tx)
    if taken := application_settings.taken_aliases(tx, aliases, except_for=application.id):
        raise conflict(f"Another application has the alias {', '.join(taken)}: remove it there first.")


def _normal(setting: KnownSetting, text: str) -> str:
    """Return the text under which a value is stored: one for each value."""
    try:
        return setting.normal(text)
    except ValueError:
        raise _refused(setting, text) from None


def _refused(setting: KnownSetting, text: str) -> Refused:
    sentence = f"{setting.key} does not take {text[:100]!r}: it takes {setting.accepted}."
    return invalid(sentence, **{setting.key: [sentence]})


def _row(setting: KnownSetting, stored: str | None) -> SettingRow:
    try:
        value = None if stored is None else setting.normal(stored)
    except ValueError:
        value = None
    return SettingRow(
        setting_key=setting.key,
        setting_value=setting.default_text if value is None else value,
        default=setting.default_text,
        is_default=value is None,
        accepted=setting.accepted,
        meaning=setting.meaning,
    )
