"""Passwords that people choose: kept as scrypt (RFC 7914) with a salt of their own, compared in constant time.

A key or a token has 256 random bits, and its SHA-256 is enough (decision 0012). A password has fewer: each guess at one
costs 16 MB and about a quarter of a second.
"""

import hashlib
import hmac
import secrets
from typing import Final

from tracker.errors import invalid

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 200
_COST: Final = {"n": 16_384, "r": 8, "p": 5}
_SALT_BYTES: Final = 16
_BYTES: Final = 32


def hash_of(password: str) -> str:
    """Return what is kept of a password. Raises Refused for one that is too short or too long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        reason = f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters."
        raise invalid(reason, password=[reason])
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt${salt.hex()}${_scrypt(password, salt)}"


def is_right(password: str, kept: str) -> bool:
    """Return whether a password is the one of which `hash_of` has made `kept`."""
    _, salt, digest = kept.split("$")
    return len(password) <= MAX_LENGTH and hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), digest)


def _scrypt(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(errors="surrogatepass"), salt=salt, dklen=_BYTES, **_COST).hex()
