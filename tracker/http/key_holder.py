"""Who presents a key: the operator with the admin token, or the holder of a key of one application."""

import hmac
from dataclasses import dataclass

from tracker.application import ApiKey, Application
from tracker.clock import Clock
from tracker.errors import Refused
from tracker.http.failed_keys import FailedKeys
from tracker.http.key_use import KeyUse
from tracker.store import applications
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The operator, who has neither of the two, or the holder of a key of an application."""

    application: Application | None = None
    key: ApiKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """Tells good keys from wrong ones, and counts the wrong ones of an address."""

    database: Database
    clock: Clock
    failed_keys: FailedKeys
    key_use: KeyUse
    admin_token: str | None

    def holder(self, address: str | None, presented: str) -> KeyHolder:
        """Who presents this key. Raises Refused (INVALID_API_KEY, RATE_LIMIT_EXCEEDED) and DatabaseAway."""
        self.failed_keys.check(address, presented)
        found = self._find(presented)
        if found is None:
            self.failed_keys.failed(address, presented)
            raise Refused("INVALID_API_KEY", 401, "The API key is unknown, revoked or expired.")
        self.failed_keys.succeeded(address, presented)
        return found

    def _find(self, presented: str) -> KeyHolder | None:
        if self.admin_token and hmac.compare_digest(presented.encode(), self.admin_token.encode()):
            return KeyHolder()
        with self.database.transaction() as tx:
            application = applications.of_key(tx, presented)
        if application is None or application.deleted:
            return None
        now = self.clock.now()
        key = application.key(presented, now)
        if key is None:
            return None
        self.note_use(key)
        return KeyHolder(application, key)

    def note_use(self, key: ApiKey) -> None:
        """Remember that a key was used just now."""
        self.key_use.note(key, self.clock.now())
