"""The lease: of several schedulers the one that holds it works, the others stand by.

A row with an end, by the clock of PostgreSQL alone, taken and renewed by one statement that compares and sets. Its
holder counts its own ten seconds from before it asked, so that it stops believing no later than another may take it.
"""

import threading
from collections.abc import Callable

from tracker.clock import Clock
from tracker.errors import TrackerError
from tracker.log import logger
from tracker.store import leases
from tracker.store.database import Database

SECONDS = 10.0
RENEWED_EVERY = 3.0
"""A second scheduler looks as often: it takes over at most 13 s after the first one's death."""

_log = logger(__name__)


class Lease:
    """One lease, kept by a thread of its own, over a connection that is its own, so that no turn delays it.

    `on_gain` and `on_loss` are called by that thread. In an outage of PostgreSQL the lease runs out, and is asked for
    again and again. Where `works` says no, a lease that is held is not renewed, nor is it asked for again before that.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        name: str,
        owner: str,
        on_gain: Callable[[], None] = lambda: None,
        on_loss: Callable[[], None] = lambda: None,
        works: Callable[[], bool] = lambda: True,
    ) -> None:
        self._database = database
        self._clock = clock
        self._name = name
        self._owner = owner
        self._on_gain = on_gain
        self._on_loss = on_loss
        self._works = works
        self._until: float | None = None
        self._term = 0
        self._is_unavailable = False
        self._stuck = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    @property
    def held(self) -> bool:
        """Return whether it is surely ours in this moment."""
        until = self._until
        return until is not None and self._clock.monotonic() < until

    def permit(self) -> Callable[[], bool]:
        """Return a turn's permission to go on, which ends with this term.

        One that is won anew later is for other turns.
        """
        term = self._term
        return lambda: self.held and self._term == term

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give it back, so that the next one has it at once; to be called once, when no turn is running any more."""
        self._stop.set()
        self._thread.join()
        if self._until is not None:
            self._until = None
            try:
                with self._database.transaction() as tx:
                    leases.give_back(tx, self._name, owner=self._owner)
            except TrackerError as error:
                _log.warning("lease not given back, it runs out", reason=str(error))

    def ask(self) -> bool:
        """One turn: take or renew it, and say so where that changes something; whether it is ours."""
        asked_at = self._clock.monotonic()
        try:
            with self._database.transaction() as tx:
                ours = leases.take(tx, self._name, owner=self._owner, seconds=SECONDS)
        except TrackerError as error:
            if not self._is_unavailable:
                _log.warning("lease cannot be renewed", reason=str(error))
            self._is_unavailable = True
            # What was taken last still holds, until it runs out.
            if self._until is not None and not self.held:
                self._lose()
            return self.held
        self._is_unavailable = False
        if not ours:
            if self._until is not None:
                self._lose()
            return False
        if self._until is not None and not self.held:
            # It had run out, and another may have had it meanwhile.
            self._lose()
        gained = self._until is None
        self._until = asked_at + SECONDS
        if gained:
            self._term += 1
            _log.info("lease taken", lease=self._name, owner=self._owner)
            self._on_gain()
        return True

    def _lose(self) -> None:
        self._until = None
        _log.warning("lease lost", lease=self._name, owner=self._owner)
        self._on_loss()

    def _keep(self) -> None:
        while not self._stop.is_set():
            if not self._given_up():
                self.ask()
            self._stop.wait(RENEWED_EVERY)

    def _given_up(self) -> bool:
        """Return whether the holder does not work any more, so that another is to have the lease."""
        if self._works():
            self._stuck = False
        elif self._until is not None:
            if not self._stuck:
                _log.error("lease given up: no turn ends any more", lease=self._name, owner=self._owner)
            self._stuck = True
            if not self.held:
                self._lose()
        return self._stuck
