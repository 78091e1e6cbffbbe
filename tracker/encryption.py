"""Webhook secrets: made, checked, and encrypted with TRACKER_SECRET_KEY for the database.

A secret signs what is sent, so that it must be readable here, unlike an API key, of which a hash is enough. It is
stored as a Fernet token (AES-128-CBC and HMAC-SHA-256) under a key that HKDF-SHA-256 derives from the setting's text.
A dump of the database alone lets nobody sign.
"""

import base64
import binascii
import secrets
from typing import TYPE_CHECKING

from tracker.errors import SettingsInvalid

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

PREFIX = "whsec_"
_NEW_BYTES = 32
_MIN_BYTES, _MAX_BYTES = 24, 64
"""Standard Webhooks, "Signature scheme": between 192 and 512 bits."""
_PURPOSE = b"access-log-tracker webhook secrets 1"
_MIN_KEY_LENGTH = 8


class SecretBox:
    """Encrypts and decrypts with one TRACKER_SECRET_KEY. Whoever has no secrets to handle needs no key."""

    def __init__(self, secret_key: str | None, *, purpose: bytes = _PURPOSE) -> None:
        """Keep a key for one purpose: what is encrypted for it, nobody decrypts for another."""
        self._secret_key = secret_key
        self._purpose = purpose
        self._made: Fernet | None = None

    def encrypt(self, secret: str) -> str:
        """Return the secret as it is stored: at most 204 characters. Raises SettingsInvalid without a usable key."""
        return self._fernet().encrypt(secret.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Return the secret that `encrypt` encrypted. Raises SettingsInvalid without the key under which it was."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return self._fernet().decrypt(encrypted.encode()).decode()
        except InvalidToken:
            raise SettingsInvalid(
                "TRACKER_SECRET_KEY is not the key under which this webhook's secret was stored: set that key again, "
                "or give the webhook a new secret by `python -m tracker webhooks rotate ID`."
            ) from None

    def _fernet(self) -> "Fernet":
        if self._made is None:
            key = self._secret_key
            if key is None or len(key) < _MIN_KEY_LENGTH:
                missing = "is not set" if key is None else f"has {len(key)} characters"
                raise SettingsInvalid(
                    f"TRACKER_SECRET_KEY {missing}: webhooks need one that nobody guesses (`openssl rand -base64 32` "
                    "makes it), the same for receivers, scheduler and commands."
                )
            # Loaded with the first secret: 7 MB of each process, most of which never see one.
            from cryptography.fernet import Fernet  # noqa: PLC0415
            from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

            derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=self._purpose).derive(key.encode())
            self._made = Fernet(base64.urlsafe_b64encode(derived))
        return self._made


def new_secret() -> str:
    """Return a secret with 256 random bits, in the form of Standard Webhooks."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def check_secret(secret: str) -> str:
    """Return the secret, if it is one of Standard Webhooks.

    Raises ValueError with what is accepted, never with the secret.
    """
    try:
        size = len(base64.b64decode(secret.removeprefix(PREFIX).encode("ascii"), validate=True))
    except (UnicodeEncodeError, binascii.Error):
        size = 0
    if not secret.startswith(PREFIX) or not _MIN_BYTES <= size <= _MAX_BYTES:
        raise ValueError(f"It needs {PREFIX} and {_MIN_BYTES} to {_MAX_BYTES} random bytes in base64.")
    return secret
