"""What this process knows of applications: answered from memory, kept fresh beside the requests.

A cache has one way of naming them: `tracker.receiver.application_directory` has three.

A known application costs no I/O. A miss asks for the snapshot that the processes share in Redis, then PostgreSQL; while
that is unavailable, an old snapshot serves. `refresh` asks PostgreSQL for all known ones in one query; it is called
every `REFRESH_SECONDS`, and a shared snapshot is adopted only while it is `FRESH_SECONDS` young, so that a change
reaches every process within the sum of the two. No hit is refused for that: `confirm` asks PostgreSQL before.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import Final, NamedTuple

from tracker.application import Application, hash_key
from tracker.clock import Clock
from tracker.errors import DatabaseUnavailable, Refused
from tracker.log import logger
from tracker.queueing.connection import Connection
from tracker.queueing.snapshots import SnapshotKind
from tracker.receiver.look_ups import LookUps
from tracker.receiver.shared_snapshots import SharedSnapshots
from tracker.store import applications
from tracker.store.database import Database, Transaction
from tracker.web.circuit_breaker import CircuitBreaker

REFRESH_SECONDS = 2.0
FRESH_SECONDS = 2.0
_UNKNOWN_SECONDS = 0.2
_CONFIRMED_SECONDS = 0.2
"""For so long a refusal that the application's state causes holds for all hits without asking PostgreSQL again."""
_MAX_KNOWN = 20_000
_MAX_UNKNOWN = 10_000
_AT_ONCE = 1000
_IDLE_TURNS = 1800
"""Turns of `refresh` without a hit, about an hour, after which an application is forgotten."""
_SNAPSHOT_TURNS = 10_000
"""Turns after which an unchanged snapshot is put anew, well within the time for which Redis keeps it."""
_PATIENCE = 4.0

_log = logger(__name__)


class _Known:
    __slots__ = ("application", "idle_turns", "snapshot_turns")

    def __init__(self, application: Application) -> None:
        self.application = application
        self.idle_turns = 0
        self.snapshot_turns = 0


class Source(NamedTuple):
    """A way of naming applications: how PostgreSQL finds them by it, and where the processes share what they know."""

    find_many: Callable[[Transaction, Sequence[str]], dict[str, Application]]
    kind: SnapshotKind


BY_APP_ID: Final = Source(applications.find_many, "application")


class WouldWait(Exception):
    """Nobody knows without asking a server: the same request is to be taken where it may wait."""


class ApplicationCache:
    """Applications by `app_id`, or by what `source` goes by. Thread-safe."""

    def __init__(
        self,
        database: Database,
        redis: Connection,
        clock: Clock,
        source: Source = BY_APP_ID,
        *,
        database_breaker: CircuitBreaker,
        redis_breaker: CircuitBreaker,
    ) -> None:
        self._database, self._clock, self._database_breaker = database, clock, database_breaker
        self._snapshots = SharedSnapshots(redis, clock, source.kind, redis_breaker)
        self._source = source
        self._known: dict[str, _Known] = {}
        self._unknown: dict[str, float] = {}
        self._look_ups: dict[str, Future[Application | None]] = {}
        self._lock = threading.Lock()
        self._spent = LookUps(clock)

    def __len__(self) -> int:
        return len(self._known)

    def find(self, app_id: str) -> Application | None:
        """Return the application, or None where there is none. Raises Refused (503) where nobody can tell."""
        known = self._known.get(app_id)
        if known is not None:
            known.idle_turns = 0
            return known.application
        return self._look_up(app_id)

    def confirm(self, known: Application, networks: tuple[str, ...], secret: str | None) -> Application:
        """Return the application as PostgreSQL has it now, where `known` would have a hit refused.

        It is `known` itself where PostgreSQL was asked a moment ago and had no better answer. `secret` is the key that
        is in doubt, None where it is the application's own state; `networks` are those of the caller's address. Raises
        Refused, to be tried again, where a key cannot be looked up: for all its address has asked already (429), for
        all that the process has, or since PostgreSQL is unavailable (503).
        """
        question = (known.app_id, hash_key(secret) if secret else "")
        if self._spent.is_settled(question):
            return known
        spent = self._spent.take(networks)
        if spent is not None or not self._database_breaker.allows_call():
            if secret is None:
                return known
            raise _too_many_keys() if spent == "address" else _nobody_can_tell()
        began = self._clock.monotonic()
        try:
            with self._database.transaction() as tx:
                application = applications.find(tx, known.app_id)
        except DatabaseUnavailable as error:
            if self._database_breaker.record_failure():
                _log.warning("postgresql unavailable", reason=str(error))
            if secret is None:
                return known
            raise _nobody_can_tell() from error
        self._database_breaker.record_success()
        if application is None:
            return known
        if application == known:
            if secret is None:
                self._spent.settle(question, began, _CONFIRMED_SECONDS)
            else:
                self._spent.settle(question, began)
            return known
        self._renew(known.app_id, application)
        return application

    def confirm_without_waiting(
        self,
        known: Application,
        networks: tuple[str, ...],  # noqa: ARG002 nothing is spent here
        secret: str | None,
    ) -> Application:
        """Return the same where PostgreSQL was asked a moment ago. Raises WouldWait where it was not."""
        if self._spent.is_settled((known.app_id, hash_key(secret) if secret else "")):
            return known
        raise WouldWait

    def find_without_waiting(self, app_id: str) -> Application | None:
        """Return the same from memory alone. Raises WouldWait where the answer is not there."""
        known = self._known.get(app_id)
        if known is not None:
            known.idle_turns = 0
            return known.application
        if self._clock.monotonic() < self._unknown.get(app_id, 0.0):
            return None
        raise WouldWait

    def refresh(self) -> None:
        """Bring every known application up to date from PostgreSQL.

        Raises DatabaseUnavailable: they stay as they are.
        """
        names = iter(list(self._known))
        while app_ids := list(islice(names, _AT_ONCE)):
            with self._database.transaction() as tx:
                applications_now = self._source.find_many(tx, app_ids)
            self._database_breaker.record_success()
            for app_id in app_ids:
                self._renew(app_id, applications_now.get(app_id))

    def _renew(self, app_id: str, application: Application | None) -> None:
        known = self._known.get(app_id)
        if known is None:
            return
        known.idle_turns += 1
        known.snapshot_turns += 1
        if application is None or known.idle_turns > _IDLE_TURNS:
            self._known.pop(app_id, None)
        elif application != known.application or known.snapshot_turns > _SNAPSHOT_TURNS:
            known.application = application
            known.snapshot_turns = 0
            self._snapshots.put(app_id, application)

    def _look_up(self, app_id: str) -> Application | None:
        """Ask outside, once for however many threads ask at the same time."""
        with self._lock:
            known = self._known.get(app_id)
            if known is not None:
                return known.application
            if self._clock.monotonic() < self._unknown.get(app_id, 0.0):
                return None
            look_up = self._look_ups.get(app_id)
            follows = look_up is not None
            if look_up is None:
                look_up = self._look_ups[app_id] = Future()
        if follows:
            try:
                return look_up.result(_PATIENCE)
            except TimeoutError:
                raise _nobody_can_tell() from None
        try:
            application = self._fetch(app_id)
            self._remember(app_id, application)
            look_up.set_result(application)
        except BaseException as error:
            look_up.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._look_ups[app_id]
        return application

    def _remember(self, app_id: str, application: Application | None) -> None:
        with self._lock:
            if application is None:
                if len(self._unknown) >= _MAX_UNKNOWN:
                    self._unknown.clear()
                self._unknown[app_id] = self._clock.monotonic() + _UNKNOWN_SECONDS
                return
            self._unknown.pop(app_id, None)
            if len(self._known) >= _MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[app_id] = _Known(application)

    def _fetch(self, app_id: str) -> Application | None:
        """Return a fresh snapshot, else PostgreSQL's word, else an old snapshot."""
        shared = self._snapshots.find(app_id)
        if shared is not None and abs(self._clock.now().timestamp() - shared.checked_at) < FRESH_SECONDS:
            return shared.application
        if self._database_breaker.allows_call():
            try:
                with self._database.transaction() as tx:
                    application = self._source.find_many(tx, [app_id]).get(app_id)
            except DatabaseUnavailable as error:
                if self._database_breaker.record_failure():
                    _log.warning("postgresql unavailable", reason=str(error))
            else:
                self._database_breaker.record_success()
                if application is not None:
                    self._snapshots.put(app_id, application)
                return application
        if shared is None:
            raise _nobody_can_tell()
        return shared.application


def _too_many_keys() -> Refused:
    return Refused("RATE_LIMIT_EXCEEDED", 429, "Too many unknown keys came from this address.", retry_after=1)


def _nobody_can_tell() -> Refused:
    return Refused(
        "SERVICE_UNAVAILABLE",
        503,
        "The application cannot be looked up at the moment.",
        retry_after=5,
    )
