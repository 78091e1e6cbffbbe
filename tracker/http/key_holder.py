"""Who presents a key: the operator with the admin token, or the holder of a key of one application."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.application import ApiKey, Application
from tracker.clock import Clock
from tracker.config import MIN_STRONG_TOKEN
from tracker.errors import Refused, TrackerError
from tracker.http.client_address import TrustedProxies, client_address
from tracker.http.failed_keys import FailedKeys
from tracker.http.key_use import KeyUse
from tracker.http.presented_key import presented_key
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
        """Who presents this key. Raises Refused (INVALID_API_KEY, RATE_LIMIT_EXCEEDED) and DatabaseAway.

        A right key counts however many wrong ones came from its address. Only an admin token that is short enough to
        be guessed does not, unless it was right in this process within an hour.
        """
        too_many = self.failed_keys.are_too_many(address)
        if self._is_admin_token(presented) and not (too_many and self._may_be_guessed(presented)):
            self.failed_keys.succeeded(presented)
            return KeyHolder()
        if too_many:
            self.failed_keys.require_look_up(presented)
        found = self._find(presented)
        if found is None:
            self.failed_keys.failed(address, presented)
            if too_many:
                raise self.failed_keys.refused()
            raise Refused("INVALID_API_KEY", 401, "The API key is unknown, revoked or expired.")
        self.failed_keys.succeeded(presented)
        return found

    def knows(self, environ: Mapping[str, Any], proxies: TrustedProxies) -> bool:
        """Return whether a request presents a good key or the admin token, as far as can be told now."""
        presented = presented_key(environ)
        if presented is None:
            return False
        try:
            self.holder(client_address(environ, proxies), presented)
        except TrackerError:
            return False
        return True

    def _is_admin_token(self, presented: str) -> bool:
        return bool(self.admin_token) and hmac.compare_digest(presented.encode(), str(self.admin_token).encode())

    def _may_be_guessed(self, token: str) -> bool:
        return len(token) < MIN_STRONG_TOKEN and not self.failed_keys.was_good(token)

    def _find(self, presented: str) -> KeyHolder | None:
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
