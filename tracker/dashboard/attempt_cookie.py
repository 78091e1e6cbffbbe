"""What a browser keeps while its owner signs in at a provider: signed, so that nobody makes one up, for ten minutes.

Whoever comes back brings it, to whichever process of the receiver. It goes nowhere but to the paths of signing in, and
comes along when the provider's page sends the browser back (`SameSite=Lax`). Each attempt has a cookie of its own, so
that those of several tabs are ended in any order.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from itsdangerous import BadData

from tracker.dashboard.signed import signer
from tracker.oidc.identity import SignInAttempt

PATH: Final = "/sign-in"
"""Below the dashboard's own: where an attempt is begun, and where it comes back to."""
LASTS_SECONDS: Final = 600
_NAME: Final = "tracker_sign_in_"
_PURPOSE: Final = "access-log-tracker dashboard sign-in attempts 1"
_MAX_LENGTH: Final = 3500
_MAX_TOGETHER: Final = 5000
"""Characters of all attempts of a browser: servers in front take 8 KB of cookies (nginx)."""
_CLOCKS_APART: Final = 60


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """An attempt, which path of the dashboard it is for, and the token of the invitation that it accepts, if any."""

    attempt: SignInAttempt
    path: str
    invitation: str | None


def name_of(state: str) -> str:
    """Return the name of the cookie of the attempt that an answer with this `state` is for, whoever made it up."""
    return _NAME + hashlib.sha256(state.encode()).hexdigest()[:16]


class AttemptCookie:
    """Writes and reads attempts under one TRACKER_SECRET_KEY."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = signer(secret_key, _PURPOSE)

    def write(self, pending: PendingSignIn, now: datetime) -> str:
        written: str | bytes = self._serializer.dumps({**asdict(pending), "at": int(now.timestamp())})
        return written if isinstance(written, str) else written.decode()

    def read(self, cookie: str, now: datetime) -> PendingSignIn | None:
        """Return what was begun within LASTS_SECONDS; None for anything else."""
        values = self._values(cookie, now)
        if values is None:
            return None
        return PendingSignIn(SignInAttempt(**values["attempt"]), values["path"], values["invitation"])

    def given_up(self, cookies: Mapping[str, str], written: str, now: datetime) -> list[str]:
        """Return the cookies that a browser is to forget for `written`: what is over, and the oldest of too many."""
        begun: list[tuple[int, str]] = []
        for name, cookie in cookies.items():
            if name.startswith(_NAME):
                values = self._values(cookie, now)
                begun.append((0 if values is None else values["at"], name))
        left, forgotten = _MAX_TOGETHER - len(written), list[str]()
        for at, name in sorted(begun, reverse=True):
            left -= len(cookies[name])
            if not at or left < 0:
                forgotten.append(name)
        return forgotten

    def _values(self, cookie: str, now: datetime) -> dict[str, Any] | None:
        if len(cookie) > _MAX_LENGTH:
            return None
        try:
            values: dict[str, Any] = self._serializer.loads(cookie)
        except BadData:
            return None
        return values if -_CLOCKS_APART <= now.timestamp() - values["at"] < LASTS_SECONDS else None
