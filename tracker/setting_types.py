"""The kinds of settings that an application may have: what each takes, and how a value is written.

`application_settings` stores texts. A setting reads its text; where none is stored, or one that it does not take
(written by hand, or by another version), its default holds.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from tracker.domains import ascii_host
from tracker.time_zones import time_zone

T = TypeVar("T")

_MAX_LIST_LENGTH = 200
MAX_ALIAS_LENGTH: Final = 100
"""Entries of a list: each is compared with every parameter of every address."""


@dataclass(frozen=True, slots=True)
class Setting(ABC, Generic[T]):
    """One known key of `application_settings`: what it may hold and what holds where it is absent."""

    key: str
    default: T
    meaning: str

    @property
    @abstractmethod
    def accepted(self) -> str:
        """Return what it takes, for the end of a sentence."""

    @abstractmethod
    def read(self, text: str) -> T:
        """Return the value that a text spells. Raises ValueError."""

    @abstractmethod
    def write(self, value: T) -> str:
        """Return the one text for a value."""

    def normal(self, text: str) -> str:
        """Return the one text for what a text spells. Raises ValueError."""
        return self.write(self.read(text))

    @property
    def default_text(self) -> str:
        return self.write(self.default)

    def value(self, settings: Mapping[str, str | None]) -> T:
        """Return the value in force: the stored one where it is acceptable, else the default."""
        stored = settings.get(self.key)
        if stored is None:
            return self.default
        try:
            return self.read(stored)
        except ValueError:
            return self.default


@dataclass(frozen=True, slots=True)
class Choice(Setting[str]):
    """One of a few words."""

    choices: tuple[str, ...]

    @property
    def accepted(self) -> str:
        return f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"

    def read(self, text: str) -> str:
        word = text.strip().lower()
        if word not in self.choices:
            raise ValueError
        return word

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Switch(Setting[bool]):
    """Yes or no."""

    @property
    def accepted(self) -> str:
        return "true or false"

    def read(self, text: str) -> bool:
        word = text.strip().lower()
        if word not in ("true", "false"):
            raise ValueError
        return word == "true"

    def write(self, value: bool) -> str:  # noqa: FBT001 the value that is written
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class WholeNumber(Setting[int]):
    """A whole number from `low` to `high`.

    Where it `limits` what the application may use, its owner cannot raise it above what the operator has set, and
    above its default neither if that binds; 0 may stand for no limit.
    """

    low: int
    high: int
    limits: Literal["when set", "by default"] | None = None
    zero_is_unlimited: bool = False

    @property
    def accepted(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def read(self, text: str) -> int:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text) or not self.low <= int(text) <= self.high:
            raise ValueError
        return int(text)

    def write(self, value: int) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Names(Setting[tuple[str, ...]]):
    """A list of names in lower case, separated by commas; `defaults` stands for the default ones, nothing for none."""

    @property
    def accepted(self) -> str:
        return (
            f"at most {_MAX_LIST_LENGTH} names of letters, digits, points, dashes and underscores, separated by commas "
            "(`defaults` stands for the default ones, an empty text for none)"
        )

    def read(self, text: str) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for part in text.lower().split(","):
            name = part.strip()
            if name == "defaults":
                names.update(dict.fromkeys(self.default))
            elif name:
                if not re.fullmatch(r"[a-z0-9_.-]{1,100}", name):
                    raise ValueError
                names[name] = None
        if len(names) > _MAX_LIST_LENGTH:
            raise ValueError
        return tuple(names)

    def write(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


@dataclass(frozen=True, slots=True)
class Choices(Setting[tuple[str, ...]]):
    """Some of a few words, in their order."""

    choices: tuple[str, ...]

    @property
    def accepted(self) -> str:
        return f"a list of {', '.join(self.choices)}, separated by commas (an empty text for none)"

    def read(self, text: str) -> tuple[str, ...]:
        words = {word for part in text.lower().split(",") if (word := part.strip())}
        if not words <= set(self.choices):
            raise ValueError
        return tuple(choice for choice in self.choices if choice in words)

    def write(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


@dataclass(frozen=True, slots=True)
class Aliases(Setting[tuple[str, ...]]):
    """Names that others have for the application, separated by commas, each in its one spelling."""

    @property
    def accepted(self) -> str:
        return f"at most {_MAX_LIST_LENGTH} names of up to {MAX_ALIAS_LENGTH} characters, separated by commas"

    def read(self, text: str) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for part in text.split(","):
            if part.strip():
                name = alias_of(part)
                if name is None:
                    raise ValueError
                names[name] = None
        if len(names) > _MAX_LIST_LENGTH:
            raise ValueError
        return tuple(names)

    def write(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


def alias_of(name: str) -> str | None:
    """Return the one spelling of a foreign name for an application; None for what can be none.

    Such names are numbers, UUIDs, domains: none of them tells upper from lower case.
    """
    stripped = name.strip()
    if len(stripped) > MAX_ALIAS_LENGTH:
        return None
    spelled = stripped.lower() if stripped.isascii() else ascii_host(stripped)
    if spelled is None or not re.fullmatch(r"[!-+\--~]{1,100}", spelled):
        return None
    return spelled


@dataclass(frozen=True, slots=True)
class Zone(Setting[str]):
    """A time zone by its IANA name."""

    @property
    def accepted(self) -> str:
        return "the IANA name of a time zone, such as Europe/Berlin, Asia/Tokyo or UTC"

    def read(self, text: str) -> str:
        name = text.strip()
        if not re.fullmatch(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}", name):
            raise ValueError
        return time_zone(name).key

    def write(self, value: str) -> str:
        return value
