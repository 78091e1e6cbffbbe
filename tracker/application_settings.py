"""The settings an application may have: their names, types, defaults and meanings, as one table.

`application_settings` stores texts. A setting reads its text; where none is stored, or one that it does not take
(written by hand, or by another version), its default holds.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

_MAX_LIST_LENGTH = 200
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


CUSTOM_PARAMS_MODE = Choice(
    "custom_params_mode",
    "drop_param",
    "What becomes of a custom parameter that its definition refuses: it is dropped, the hit fails, or it is kept.",
    ("drop_param", "reject", "accept"),
)
ORIGIN_CHECK = Choice(
    "origin_check",
    "lenient",
    "Whether hits of browsers must come from pages of the application's domain or its subdomains, where it has one, "
    "by the headers Origin and Referer: not at all; unless neither header is sent; always.",
    ("off", "lenient", "strict"),
)
ALLOW_LOCALHOST = Switch(
    "allow_localhost",
    False,
    "Whether the origin check lets pages on localhost pass, for people who build the site.",
)
BOT_FILTER = Choice(
    "bot_filter",
    "drop",
    "What becomes of hits of known crawlers, of automation, and of pages that are only fetched ahead: they are "
    "dropped and counted, or kept.",
    ("drop", "keep"),
)
IMPORT_PAGE_VIEWS = Choice(
    "import_page_views",
    "pages",
    "Which requests of an imported log are page views: those of pages, by GET, that were answered with 2xx or 3xx "
    "(others are stored as events called asset, error or request), or all.",
    ("pages", "all"),
)
IP_ANONYMIZATION = Choice(
    "ip_anonymization",
    "last_octet",
    "What is left of a visitor's address before it is written anywhere: all of it; its network (IPv4 /24, IPv6 /48); "
    "nothing.",
    ("none", "last_octet", "full"),
)
RESPECT_DNT = Choice(
    "respect_dnt",
    "drop",
    "What becomes of a browser's hit with `Sec-GPC: 1` or `DNT: 1`: it is dropped and counted; it is kept without "
    "anything about the visitor; the headers are ignored.",
    ("drop", "anonymous", "ignore"),
)
STRIPPED_QUERY_PARAMETERS = Names(
    "stripped_query_parameters",
    (
        *("token", "access_token", "refresh_token", "id_token", "auth", "auth_token", "authorization", "jwt"),
        *("password", "passwd", "pwd", "passphrase", "secret", "client_secret", "api_key", "apikey", "otp"),
        *("email", "e-mail", "mail", "phone", "tel"),
        *("sig", "signature", "x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature"),
        *("session", "sessionid", "session_id", "sid", "phpsessid", "jsessionid"),
    ),
    "Parameters that are taken out of `url` and `referrer` with their values.",
)
MAX_URL_LENGTH = WholeNumber(
    "max_url_length", 8192, "Characters at which `url` and `referrer` are cut; 0 keeps neither.", 0, 8192, "when set"
)
MAX_USER_AGENT_LENGTH = WholeNumber(
    "max_user_agent_length", 2000, "Characters at which `user_agent` is cut; 0 keeps none.", 0, 2000, "when set"
)
SESSION_TIMEOUT_MINUTES = WholeNumber(
    "session_timeout_minutes", 30, "Minutes without a hit after which a session has ended.", 1, 10_080
)
RETENTION_DAYS = WholeNumber(
    "retention_days",
    0,
    "Days after which the application's hits, parameter values and sessions are deleted, where that is sooner than "
    "TRACKER_RETENTION_MONTHS says; 0 leaves it at that. Statistics stay.",
    0,
    36_500,
    "when set",
    zero_is_unlimited=True,
)
ADDRESS_SHARE_PERCENT = WholeNumber(
    "address_share_percent",
    25,
    "Per cent of the application's limit a minute that one address (of IPv6 one /64) may use without a key; 100 lets "
    "one visitor use up what all visitors have.",
    1,
    100,
    "when set",
)
KEY_RESERVE_PERCENT = WholeNumber(
    "key_reserve_percent",
    20,
    "Per cent of the application's limit a minute, and of its bytes a day, that are kept for hits with a key.",
    0,
    100,
)
DAILY_MEGABYTES = WholeNumber(
    "daily_megabytes",
    0,
    "Megabytes of hits that the application may send in a day (UTC), where that is less than TRACKER_DAILY_MEGABYTES "
    "says; 0 leaves it at that.",
    0,
    1_000_000_000,
    "when set",
    zero_is_unlimited=True,
)
MAX_DIFFERENT_VALUES = WholeNumber(
    "max_different_values",
    5000,
    "Different values of a custom parameter (a text, an array or an object) that the statistics of a day tell apart; "
    "what comes above it is counted as other.",
    1,
    100_000,
    "by default",
)
WEBHOOK_IP_ADDRESS = Switch(
    "webhook_ip_address",
    False,
    "Whether webhooks get a hit's address, as it is stored after `ip_anonymization`.",
)
WEBHOOK_USER_AGENT = Switch("webhook_user_agent", False, "Whether webhooks get a hit's user agent.")

KnownSetting = Setting[str] | Setting[bool] | Setting[int] | Setting[tuple[str, ...]]

SETTINGS: dict[str, KnownSetting] = {
    setting.key: setting
    for setting in (
        CUSTOM_PARAMS_MODE,
        ORIGIN_CHECK,
        ALLOW_LOCALHOST,
        BOT_FILTER,
        IMPORT_PAGE_VIEWS,
        IP_ANONYMIZATION,
        RESPECT_DNT,
        STRIPPED_QUERY_PARAMETERS,
        MAX_URL_LENGTH,
        MAX_USER_AGENT_LENGTH,
        SESSION_TIMEOUT_MINUTES,
        RETENTION_DAYS,
        ADDRESS_SHARE_PERCENT,
        KEY_RESERVE_PERCENT,
        DAILY_MEGABYTES,
        MAX_DIFFERENT_VALUES,
        WEBHOOK_IP_ADDRESS,
        WEBHOOK_USER_AGENT,
    )
}
