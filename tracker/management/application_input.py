"""What an application's columns may hold, checked before they are written; each check returns the value to store."""

import re
import secrets
import unicodedata

from tracker.errors import invalid

_APP_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}$)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NAME_LENGTH = 255
_LARGEST_RATE = 2**31 - 1
_SLUG_LENGTH = 30
_RANDOM_LETTERS = 16
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters, 5 bits each, without the four that are taken for another when read aloud or written down."""


def name_of(name: str) -> str:
    stripped = name.strip()
    if not 1 <= len(stripped) <= _NAME_LENGTH or not stripped.isprintable():
        reason = f"It needs 1 to {_NAME_LENGTH} characters, none of them a control character."
        raise invalid(f"The name is not accepted: {reason}", name=[reason])
    return stripped


def app_id_of(app_id: str) -> str:
    if not _APP_ID.fullmatch(app_id):
        reason = (
            "It needs 1 to 50 letters, digits, points, dashes and underscores; the first and last a letter or digit."
        )
        raise invalid(f"The app_id is not accepted: {reason}", app_id=[reason])
    return app_id


def new_app_id(name: str) -> str:
    """An app_id that says what it is for and cannot be guessed (80 random bits): `my-shop-k3v9…`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-") or "app"
    return f"{slug}-{''.join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS))}"


def domain_of(domain: str) -> str:
    """The domain as browsers send it in `Origin`: lower case, ASCII (IDNA), without a last point."""
    try:
        host = domain.strip().rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        host = ""
    if not _HOST.fullmatch(host):
        reason = "It needs a host name such as shop.example.com, without https:// and without a path."
        raise invalid(f"The domain is not accepted: {reason}", domain=[reason])
    return host


def rate_limit_of(rate_limit: int) -> int:
    if not 1 <= rate_limit <= _LARGEST_RATE:
        reason = f"It needs a whole number of hits a minute from 1 to {_LARGEST_RATE}."
        raise invalid(f"The rate limit is not accepted: {reason}", rate_limit_per_minute=[reason])
    return rate_limit


def new_api_key() -> str:
    """A key with 256 random bits (ruling 12)."""
    return f"alt_{secrets.token_urlsafe(32)}"
