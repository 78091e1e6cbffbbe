"""Passwords that people choose: kept as scrypt (RFC 7914) with a salt of their own, compared in constant time.

A key or a token has 256 random bits, and its SHA-256 is enough (decision 0012). A password has fewer: each guess at one
costs 16 MB and about a quarter of a second. So a process makes two of these hashes at a time, and refuses a third.
"""

import hashlib
import hmac
import secrets
import threading
from typing import Final

from tracker.errors import Refused, invalid

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 200
_COST: Final = {"n": 16_384, "r": 8, "p": 5}
_SALT_BYTES: Final = 16
_BYTES: Final = 32
AT_ONCE: Final = 2
_slots = threading.BoundedSemaphore(AT_ONCE)


def hash_of(password: str) -> str:
    """Return what is kept of a password. Raises Refused: VALIDATION_ERROR for its length, RATE_LIMIT_EXCEEDED."""
    require_length(password)
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt${salt.hex()}${_scrypt(password, salt)}"


def require_length(password: str) -> None:
    """Raise Refused (VALIDATION_ERROR) for a password that is too short or too long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        reason = f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters."
        raise invalid(reason, password=[reason])


def is_right(password: str, kept: str) -> bool:
    """Return whether a password is the one of which `hash_of` has made `kept`. Raises Refused (RATE_LIMIT_EXCEEDED)."""
    _, salt, digest = kept.split("$")
    return len(password) <= MAX_LENGTH and hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), digest)


def _scrypt(password: str, salt: bytes) -> str:
    if not _slots.acquire(blocking=False):
        raise Refused("RATE_LIMIT_EXCEEDED", 429, "Too many passwords are tried: try again in a moment.", retry_after=1)
    try:
        return hashlib.scrypt(password.encode(errors="surrogatepass"), salt=salt, dklen=_BYTES, **_COST).hex()
    finally:
        _slots.release()
