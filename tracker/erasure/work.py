"""An erasure that one process holds: each step of it is one transaction, which counts and renews the hold."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from tracker.clock import Clock
from tracker.errors import DatabaseUnavailable, TryAgain
from tracker.store import erasures
from tracker.store.database import Database, Transaction
from tracker.store.erasures import LEASE_SECONDS, Claimed

_TRIES: Final = 10
_PAUSE_SECONDS: Final = 2.0
_RENEW_SECONDS: Final = LEASE_SECONDS / 3
_T = TypeVar("_T")

Step = Callable[[Transaction, Counter[str]], _T]
"""Works within a transaction, adds to the counts, and says something of it: mostly how much it found."""


class TakenOver(TryAgain):
    """Another process goes on with this erasure, since this one had been silent for too long."""


class Interrupted(TryAgain):
    """The process is to end: another goes on where this one stopped."""


class Work:
    """One erasure in the hands of `owner`. What a step did is counted with it, or undone with it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        claimed: Claimed,
        *,
        owner: str,
        should_continue: Callable[[], bool] = lambda: True,
        sleep: Callable[[float], None] = time.sleep,
        on_day: Callable[[int, int], None] = lambda *_: None,
        write_facts: Callable[[], object] = lambda: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.claimed = claimed
        self.clock = clock
        self.on_day = on_day
        """Hears how many days of how many are done."""
        self.write_facts = write_facts
        """Makes the columnar copy anew, where this process may."""
        self._tell, self._told = tell, set[str]()
        self._database = database
        self._owner = owner
        self._go_on = should_continue
        self._sleep = sleep
        self._renewed_at = clock.monotonic()

    def step(self, work: Step[_T]) -> _T:
        """One transaction of the erasure. Raises TakenOver, Interrupted, DatabaseUnavailable."""
        for left in reversed(range(_TRIES)):
            if not self._go_on():
                raise Interrupted("The erasure is to be taken up by another process.")
            try:
                with self._database.transaction() as tx:
                    counts: Counter[str] = Counter()
                    outcome = work(tx, counts)
                    self._advance(tx, counts)
            except DatabaseUnavailable:
                # Locks that others hold for long, for instance a rebuild of a large day, end in this too.
                if not left:
                    raise
                self._sleep(_PAUSE_SECONDS)
            else:
                self._renewed_at = self.clock.monotonic()
                return outcome
        raise AssertionError("the last try ends in one way or the other")

    def look(self, look: Callable[[Transaction], _T]) -> _T:
        """Return a transaction that only reads.

        Over many days there may be nothing but these for longer than the hold lasts: they renew it now and then.
        """
        if self._is_to_be_renewed():
            self.count()
        with self._database.transaction() as tx:
            return look(tx)

    def repeat(self, work: Step[int], *, limit: int) -> int:
        """Steps that each take at most `limit`, until one takes fewer; how much all found."""
        total = 0
        while True:
            count = self.step(work)
            total += count
            if count < limit:
                return total

    def count(self, **counts: int) -> None:
        """Count what was done elsewhere than in PostgreSQL, and renew the hold."""

        def add(_: Transaction, added: Counter[str]) -> int:
            added.update(counts)
            return 0

        self.step(add)

    def withdrawn(self, *, streams: int, retries: int) -> None:
        """Count what was just taken out of the queue, and renew the hold now and then.

        There may be so much to read that it takes longer than the hold lasts. Raises as `step` does.
        """
        if streams or retries or self._is_to_be_renewed() or not self._go_on():
            self.count(redis_streams=streams, redis_retries=retries)

    def pause(self, seconds: float) -> None:
        """Wait for others, and keep the hold."""
        self.count()
        self._sleep(seconds)

    def finish(self, notes: Sequence[str]) -> None:
        """It is done: the receipt is all that is left."""
        with self._database.transaction() as tx:
            self._demand(erasures.finish(tx, self.claimed.id, owner=self._owner, notes=notes, now=self.clock.now()))

    def last_step(self, work: Callable[[Transaction, Mapping[str, int]], None]) -> Mapping[str, int]:
        """Run the transaction with which the erasure's own row goes too, on the counts, and return these."""
        with self._database.transaction() as tx:
            self._advance(tx, Counter())
            [row] = erasures.list_rows(tx, self.claimed.application_id, erasure_id=self.claimed.id)
            counts: Mapping[str, int] = row["counts"]
            work(tx, counts)
        return counts

    def tell_once(self, words: str) -> None:
        """Say what this waits for, to whoever sits before it."""
        if words not in self._told:
            self._told.add(words)
            self._tell(words)

    def give_back(self) -> None:
        """Let another go on at once."""
        with self._database.transaction() as tx:
            erasures.give_back(tx, self.claimed.id, owner=self._owner)

    def _is_to_be_renewed(self) -> bool:
        return self.clock.monotonic() - self._renewed_at >= _RENEW_SECONDS

    def _advance(self, tx: Transaction, counts: Counter[str]) -> None:
        self._demand(erasures.advance(tx, self.claimed.id, owner=self._owner, added=counts))

    def _demand(self, held: bool) -> None:  # noqa: FBT001 what a statement answered
        if not held:
            raise TakenOver("Another process goes on with this erasure.")
