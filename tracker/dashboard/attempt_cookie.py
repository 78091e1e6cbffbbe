"""What a browser keeps while its owner signs in at a provider: signed, so that nobody makes one up, for ten minutes.

Whoever comes back brings it, to whichever process of the receiver. It goes nowhere but to the path of the callback, and
comes along when the provider's page sends the browser back (`SameSite=Lax`).
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from tracker.oidc.identity import SignInAttempt

NAME: Final = "tracker_sign_in"
LASTS_SECONDS: Final = 600
_PURPOSE: Final = "access-log-tracker dashboard sign-in attempts 1"
_MAX_LENGTH: Final = 3500
_CLOCKS_APART: Final = 60


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """An attempt, which path of the dashboard it is for, and the token of the invitation that it accepts, if any."""

    attempt: SignInAttempt
    path: str
    invitation: str | None


class AttemptCookie:
    """Writes and reads attempts under one TRACKER_SECRET_KEY."""

    def __init__(self, secret_key: str) -> None:
        derivation = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._serializer = URLSafeSerializer(secret_key.encode(), salt=_PURPOSE, signer_kwargs=derivation)

    def write(self, pending: PendingSignIn, now: datetime) -> str:
        written: str | bytes = self._serializer.dumps({**asdict(pending), "at": int(now.timestamp())})
        return written if isinstance(written, str) else written.decode()

    def read(self, cookie: str, now: datetime) -> PendingSignIn | None:
        """Return what was begun within LASTS_SECONDS; None for anything else."""
        if len(cookie) > _MAX_LENGTH:
            return None
        try:
            values: dict[str, Any] = self._serializer.loads(cookie)
        except BadData:
            return None
        if not -_CLOCKS_APART <= now.timestamp() - values["at"] < LASTS_SECONDS:
            return None
        return PendingSignIn(SignInAttempt(**values["attempt"]), values["path"], values["invitation"])
