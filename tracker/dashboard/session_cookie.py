"""What a browser keeps of a sign-in: signed, so that nobody makes one up, and bound to the key that was presented.

The cookie says which key of which application, or that it was the admin token, and when; never a key. Whoever changes
TRACKER_SECRET_KEY ends all sessions, whoever changes a key or the admin token those that it opened, and whoever signs
out that one, wherever its cookie has got to.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from itsdangerous import BadData

from tracker.dashboard.signed import signer
from tracker.errors import SettingsInvalid
from tracker.oidc.identity import Identity

LASTS: Final = timedelta(hours=12)
_PURPOSE: Final = "access-log-tracker dashboard sessions 1"
_BINDING: Final = b"access-log-tracker dashboard binding 1\0"
_MIN_KEY_LENGTH: Final = 8
_MAX_COOKIE_LENGTH: Final = 3500
_CLOCKS_APART: Final = 60.0
"""Seconds by which the clock of the machine that wrote a cookie may be ahead."""
ADMIN: Final = "admin"
"""Stands for the key where the admin token was presented."""
PERSON: Final = "person"
"""Stands for the key where a provider of sign-ins said who somebody is."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was opened with a key: its id, `first` or ADMIN, and the application's app_id (none for ADMIN).

    Or by a provider: PERSON, and who it is. `binding` changes with the key itself, or with the provider. `id` is
    random: by it the session is ended before its time.
    """

    key: str
    app_id: str | None
    binding: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    identity: Identity | None = None
    ends_at: float = field(default=0.0, compare=False)
    """When it ends by itself, in seconds since 1970, as its cookie says."""


class SessionCookie:
    """Writes and reads sessions under one TRACKER_SECRET_KEY."""

    def __init__(self, secret_key: str | None) -> None:
        """Raises SettingsInvalid without a usable key."""
        if secret_key is None or len(secret_key) < _MIN_KEY_LENGTH:
            raise SettingsInvalid("TRACKER_SECRET_KEY is not set, or too short: the dashboard signs sessions with it.")
        self._key = secret_key.encode()
        self._serializer = signer(secret_key, _PURPOSE)

    def binding(self, credential: str) -> str:
        """Return what ties a session to the admin token, or to a key's hash; neither can be read from it."""
        return hmac.new(self._key, _BINDING + credential.encode(), hashlib.sha256).hexdigest()[:32]

    def write(self, session: Session, now: datetime) -> str:
        values: dict[str, Any] = {
            "k": session.key,
            "a": session.app_id,
            "b": session.binding,
            "i": session.id,
            "t": int(now.timestamp()),
        }
        if session.identity is not None:
            values["p"] = [session.identity.subject, session.identity.name, session.identity.email]
        written: str | bytes = self._serializer.dumps(values)
        return written if isinstance(written, str) else written.decode()

    def read(self, cookie: str, now: datetime) -> Session | None:
        """Return the session of a cookie that was written here within LASTS; None for any other."""
        if len(cookie) > _MAX_COOKIE_LENGTH:
            return None
        try:
            values: dict[str, Any] = self._serializer.loads(cookie)
        except BadData:
            return None
        age = now.timestamp() - values["t"]
        # A version that had no sign-outs wrote no id: such a session could not be ended.
        if not -_CLOCKS_APART <= age < LASTS.total_seconds() or "i" not in values:
            return None
        identity = Identity(*values["p"]) if "p" in values else None
        ends_at = values["t"] + LASTS.total_seconds()
        return Session(values["k"], values["a"], values["b"], values["i"], identity, ends_at)
