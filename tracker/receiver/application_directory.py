"""Applications by the three ways of naming them: `app_id`, alias, key. Each has a cache; what is known costs no I/O."""

from typing import Final, Protocol

from tracker.application import Application, hash_key
from tracker.clock import Clock
from tracker.queueing.connection import Connection
from tracker.receiver.application_cache import ApplicationCache, Source
from tracker.setting_types import alias_of
from tracker.store import applications
from tracker.store.database import Database
from tracker.web.circuit_breaker import CircuitBreaker

_BY_ALIAS: Final = Source(applications.find_by_alias, "alias")
_BY_KEY: Final = Source(applications.find_by_key, "key")


class Applications(Protocol):
    """Where applications are found. Each way raises Refused (503) where nobody can tell."""

    may_wait: bool
    """Whether servers are asked for what is not in memory; otherwise WouldWait is raised."""

    def find(self, app_id: str) -> Application | None:
        """Return the application with this `app_id`, or None where there is none."""

    def find_by_alias(self, name: str) -> Application | None:
        """Return the application with this name as its `app_id` or as an alias, or None where there is none."""

    def find_by_key(self, secret: str) -> Application | None:
        """Return the application that a key belongs to, or None. The key may have expired."""

    def confirm(self, known: Application, networks: tuple[str, ...], secret: str | None) -> Application:
        """Return the application as it is now, where `known` would have a hit refused: see `ApplicationCache`."""


class ApplicationDirectory:
    """All that this process knows of applications. Thread-safe.

    The caches by alias and by key say which application is meant; what holds for it, the one by `app_id` says.
    """

    may_wait = True

    def __init__(
        self,
        database: Database,
        redis: Connection,
        clock: Clock,
        *,
        database_breaker: CircuitBreaker,
        redis_breaker: CircuitBreaker,
    ) -> None:
        def cache(*source: Source) -> ApplicationCache:
            return ApplicationCache(
                database, redis, clock, *source, database_breaker=database_breaker, redis_breaker=redis_breaker
            )

        self.by_app_id, self.by_alias, self.by_key = cache(), cache(_BY_ALIAS), cache(_BY_KEY)
        self.find, self.confirm = self.by_app_id.find, self.by_app_id.confirm

    def __len__(self) -> int:
        return len(self.by_app_id)

    def find_by_alias(self, name: str) -> Application | None:
        """Return the application with this name as its `app_id` or as an alias, or None where there is none."""
        named = self.by_alias.find(name) if _can_be_name(name) else None
        return None if named is None else self.find(named.app_id)

    def find_by_key(self, secret: str) -> Application | None:
        """Return the application that a key belongs to, or None. The key may have expired."""
        owner = self.by_key.find(hash_key(secret))
        return None if owner is None else self.find(owner.app_id)

    def refresh(self) -> None:
        """Bring all that is known up to date from PostgreSQL. Raises DatabaseUnavailable: it stays as it is."""
        for cache in (self.by_app_id, self.by_alias, self.by_key):
            cache.refresh()


class KnownApplications:
    """The applications of a directory that it knows, for callers that must not wait: others raise WouldWait."""

    may_wait = False

    def __init__(self, directory: ApplicationDirectory) -> None:
        self._directory = directory
        self.find = directory.by_app_id.find_without_waiting
        self.confirm = directory.by_app_id.confirm_without_waiting

    def find_by_alias(self, name: str) -> Application | None:
        """Do the same from memory."""
        named = self._directory.by_alias.find_without_waiting(name) if _can_be_name(name) else None
        return None if named is None else self.find(named.app_id)

    def find_by_key(self, secret: str) -> Application | None:
        """Do the same from memory."""
        owner = self._directory.by_key.find_without_waiting(hash_key(secret))
        return None if owner is None else self.find(owner.app_id)


def _can_be_name(name: str) -> bool:
    """Return what can be no alias, and so no app_id either, is not looked up: neither servers nor their logs see it."""
    return alias_of(name) is not None
