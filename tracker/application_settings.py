"""The settings an application may have: their names, types, defaults and meanings, as one table."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One known key of `application_settings`: what it may hold and what holds where it is absent."""

    key: str
    choices: tuple[str, ...]
    default: str
    meaning: str

    def value(self, settings: Mapping[str, str | None]) -> str:
        """The value in force: the stored one where it is acceptable, else the default."""
        stored = settings.get(self.key)
        return stored if stored in self.choices else self.default


CUSTOM_PARAMS_MODE = Setting(
    "custom_params_mode",
    ("drop_param", "reject", "accept"),
    "drop_param",
    "What becomes of a custom parameter that its definition refuses: it is dropped, the hit fails, or it is kept.",
)

SETTINGS = {setting.key: setting for setting in (CUSTOM_PARAMS_MODE,)}
