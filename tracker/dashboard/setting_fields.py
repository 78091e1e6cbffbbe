"""Settings as fields of forms: what each shows, and what of it whoever sends the form has changed.

Beside each field the form holds what the setting was when it was shown. So only what was changed there is changed, and
what somebody else has changed meanwhile is neither put back nor in the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tracker.application_settings import DAILY_MEGABYTES, RETENTION_DAYS, SETTINGS
from tracker.management.settings import SettingRow
from tracker.setting_types import Choice, Choices, Switch, WholeNumber, Zone

GROUPS: Final = {
    "reports": ("timezone", "week_start", "session_timeout_minutes"),
    "privacy": (
        *("ip_anonymization", "respect_dnt", "retention_days", "stripped_query_parameters"),
        *("max_url_length", "max_user_agent_length", "webhook_ip_address", "webhook_user_agent"),
    ),
    "taken": ("bot_filter", "origin_check", "allow_localhost", "dialects", "aliases"),
    "pages": ("page_query_parameters", "import_page_views", "custom_params_mode", "max_different_values"),
    "limits": ("daily_megabytes", "address_share_percent", "key_reserve_percent"),
}
"""Settings by what they are about, in the order of the page: a form each. A test holds that each has its place."""
AS_ON_SERVER: Final = (RETENTION_DAYS.key, DAILY_MEGABYTES.key)
"""Settings whose 0 leaves it at what the server says: their fields are empty then."""
_LONG: Final = 40
"""Characters from which on a value is written in a field of several lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """A setting with its field: `value` is what that holds, `choices` what there is to choose from."""

    row: SettingRow
    kind: str
    choices: tuple[str, ...]
    value: str
    goes_to_default: bool
    """Whether the box is ticked that leaves it to its default."""

    @property
    def chosen(self) -> Sequence[str]:
        """Return what is ticked, of several choices."""
        return self.value.split(",")


def field_of(row: SettingRow, entered: Mapping[str, str]) -> SettingField:
    """Return the field of a setting; of a form that was refused, with what its sender has changed."""
    key = row.setting_key
    text, was = _entered(key, entered), entered.get(f"was:{key}")
    is_changed = text is not None and _normal(key, text) != was
    value = text if text is not None and is_changed else row.setting_value
    kind, choices = _kind(key, row.setting_value)
    if key in AS_ON_SERVER and value == "0":
        value = ""
    elif kind == "long" and not is_changed:
        value = value.replace(",", ", ")
    return SettingField(row=row, kind=kind, choices=choices, value=value, goes_to_default=f"default:{key}" in entered)


def changes_of(entered: Mapping[str, str]) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return what a form changes (None: back to the default), and what each of these was when it was shown."""
    changes: dict[str, str | None] = {}
    seen: dict[str, str] = {}
    for key in SETTINGS:
        text, was = _entered(key, entered), entered.get(f"was:{key}")
        if was is None or text is None:
            continue
        if f"default:{key}" in entered:
            changes[key] = None
        elif _normal(key, text) != was:
            changes[key] = text
        if key in changes:
            seen[key] = was
    return changes, seen


def _entered(key: str, entered: Mapping[str, str]) -> str | None:
    """Return what a form says of a setting; None for a form without it."""
    setting = SETTINGS[key]
    if isinstance(setting, Choices) and f"was:{key}" in entered:
        return ",".join(choice for choice in setting.choices if f"set:{key}:{choice}" in entered)
    text = entered.get(f"set:{key}")
    return "0" if key in AS_ON_SERVER and text is not None and not text.strip() else text


def _normal(key: str, text: str) -> str:
    """Return the one spelling of a value, and of what is none the text itself."""
    try:
        return SETTINGS[key].normal(text)
    except ValueError:
        return text


def _kind(key: str, value: str) -> tuple[str, tuple[str, ...]]:
    """Return which kind of field a setting has, and what there is to choose from."""
    setting = SETTINGS[key]
    if isinstance(setting, Choice):
        return "choice", setting.choices
    if isinstance(setting, Choices):
        return "choices", setting.choices
    if isinstance(setting, Switch):
        return "choice", ("true", "false")
    if isinstance(setting, Zone):
        return "zone", ()
    if isinstance(setting, WholeNumber):
        return "number", ()
    return ("long" if len(value) > _LONG else "text"), ()
