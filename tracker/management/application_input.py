"""What an application's columns may hold, checked before they are written; each check returns the value to store."""

import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, get_args
from uuid import UUID

from tracker.application import Status
from tracker.domains import ascii_host
from tracker.errors import Refused, invalid
from tracker.visible_text import is_visible

_APP_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}$)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NAME_LENGTH = 255
MAX_RATE_LIMIT = 2**31 - 1
_MAX_DESCRIPTION_LENGTH = 10_000
_STATUSES: tuple[str, ...] = get_args(Status)
_SLUG_LENGTH = 30
_RANDOM_LETTERS = 16
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters, 5 bits each, without the four that are taken for another when read aloud or written down."""


def checked(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns as they are stored. Raises Refused that names every one that is not accepted."""
    stored: dict[str, Any] = {}
    refusals: list[Refused] = []
    for column, value in columns.items():
        try:
            stored[column] = _CHECKS[column](value)
        except Refused as refused:
            refusals.append(refused)
    if refusals:
        details = {column: reasons for refused in refusals for column, reasons in refused.details.items()}
        raise invalid(" ".join(refused.message for refused in refusals), **details)
    return stored


def name_of(name: str) -> str:
    stripped = name.strip()
    if not 1 <= len(stripped) <= _NAME_LENGTH or not is_visible(stripped):
        reason = f"It needs 1 to {_NAME_LENGTH} characters, none of them a control character."
        raise invalid(f"The name is not accepted: {reason}", name=[reason])
    return stripped


def app_id_of(app_id: str) -> str:
    if not _APP_ID.fullmatch(app_id) or _is_uuid(app_id):
        reason = (
            "It needs 1 to 50 letters, digits, points, dashes and underscores; the first and last a letter or digit. "
            "A UUID is none, since the API takes one for an application's id."
        )
        raise invalid(f"The app_id is not accepted: {reason}", app_id=[reason])
    return app_id


def new_app_id(name: str) -> str:
    """Return an app_id that says what it is for and cannot be guessed (80 random bits): `my-shop-k3v9…`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-") or "app"
    return f"{slug}-{''.join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS))}"


def domain_of(domain: str) -> str:
    """Return the domain as browsers send it in `Origin`: lower case, ASCII (UTS 46), without a last point."""
    host = ascii_host(domain.strip()) or ""
    if not _HOST.fullmatch(host):
        reason = "It needs a host name such as shop.example.com, without https:// and without a path."
        raise invalid(f"The domain is not accepted: {reason}", domain=[reason])
    return host


def rate_limit_of(rate_limit: int) -> int:
    if not 1 <= rate_limit <= MAX_RATE_LIMIT:
        reason = f"It needs a whole number of hits a minute from 1 to {MAX_RATE_LIMIT}."
        raise invalid(f"The rate limit is not accepted: {reason}", rate_limit_per_minute=[reason])
    return rate_limit


def description_of(description: str | None) -> str | None:
    if description is None:
        return None
    if len(description) > _MAX_DESCRIPTION_LENGTH or "\0" in description:
        reason = f"It takes at most {_MAX_DESCRIPTION_LENGTH} characters, and not NUL."
        raise invalid(f"The description is not accepted: {reason}", description=[reason])
    return description


def status_of(status: str) -> str:
    if status not in _STATUSES:
        reason = f"It needs to be one of {', '.join(_STATUSES)}."
        raise invalid(f"The status is not accepted: {reason}", status=[reason])
    return status


def new_api_key() -> str:
    """Return a key with 256 random bits (decision 0012)."""
    return f"alt_{secrets.token_urlsafe(32)}"


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": name_of,
    "description": description_of,
    "domain": lambda domain: domain_of(domain) if domain else None,
    "status": status_of,
    "rate_limit_per_minute": rate_limit_of,
}
