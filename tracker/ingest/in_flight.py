"""What a drain holds: claimed, and neither settled nor postponed yet."""

from collections.abc import Sequence

from tracker.clock import Clock
from tracker.queueing.consumer import Claim
from tracker.queueing.sharded_consumer import AnyConsumer

_SUSPECTS_EVERY_SECONDS = 1.0
"""Their delays are seconds, so that asking in every turn of a full queue would be a round trip for nothing."""
_RENEWED_AFTER_SECONDS = 5.0
"""Others take over what is silent for 15 s; a third of it leaves room for one slow statement."""

_MAX_BYTES_TO_CLAIM_MORE = 160 * 1024
"""Two batches of ordinary hits, of some 700 bytes, come to less, so that three go together: with three parameters each
they are about what one transaction may write (`parts_of`)."""
_MAX_TO_CLAIM_MORE = 2000
"""Entries that others wrote may hold nothing and weigh nothing, and of more than some 7,000 at a time no script takes
the ids (`settle.lua`)."""


class InFlight:
    """The claims of one drain, so that a long batch is renewed and an outage gives back what is left."""

    def __init__(self, consumer: AnyConsumer, clock: Clock) -> None:
        self._consumer = consumer
        self._clock = clock
        self._held: dict[tuple[int, str, bytes], Claim] = {}
        self._renewed_at = self._suspects_at = clock.monotonic()
        self._more_wait = False
        self._claims_more_below = _MAX_BYTES_TO_CLAIM_MORE

    def claim(self) -> list[list[Claim]]:
        """Return the next batches: one of entries that go together, and each suspect as one of its own; none when dry.

        Beside what is still held there are few that may wait (`Consumer.claim`), and suspects only when none is held.
        """
        held = list(self._held.values())
        if not held:
            self._renewed_at = self._clock.monotonic()
        batch = self._consumer.claim(held=held) if held else self._claim_together()
        suspects: Sequence[Claim] = ()
        now = self._clock.monotonic()
        if (now >= self._suspects_at or not (batch or held)) and not any(claim.suspect for claim in held):
            suspects = self._consumer.due()
            self._suspects_at = now + _SUSPECTS_EVERY_SECONDS
        self._held |= {claim.place: claim for claim in (*batch, *suspects)}
        return ([batch] if batch else []) + [[suspect] for suspect in suspects]

    def claim_ahead(self) -> list[list[Claim]]:
        """Return the batch to write after the one that is held, where more waited when that was claimed; else none.

        Of a short backlog nothing is claimed ahead: what arrives until the commit goes together. Nor is it where it is
        time to look for suspects, which `claim` does.
        """
        is_ahead = self._more_wait and self._clock.monotonic() < self._suspects_at
        batch = self._claim_together() if is_ahead else []
        self._held |= {claim.place: claim for claim in batch}
        return [batch] if batch else []

    @property
    def batch_size(self) -> int:
        """Return how many entries a batch has at most."""
        return self._consumer.batch_size

    def _claim_together(self) -> list[Claim]:
        """Claim a batch, and more of them where they are full: in one transaction each costs less."""
        together = self._consumer.claim()
        latest = together
        while (
            len(latest) == self.batch_size
            and len(together) < _MAX_TO_CLAIM_MORE
            and _bytes_of(together) < self._claims_more_below
        ):
            latest = self._consumer.claim()
            together += latest
        self._more_wait = len(latest) == self.batch_size
        return together

    def claim_less(self) -> None:
        """Claim half as much together from now on: it was more than one transaction writes."""
        self._claims_more_below //= 2

    def settle(self, claims: Sequence[Claim]) -> None:
        """They are written: out of the queue."""
        self._consumer.settle(claims)
        for claim in claims:
            self._held.pop(claim.place, None)

    def postpone(self, claim: Claim, *, reason: str, delay: float) -> None:
        """Count a try, and try it again alone after `delay` seconds."""
        self._consumer.postpone(claim, reason=reason, delay=delay)
        self._held.pop(claim.place, None)

    def renew(self) -> None:
        """Say that work goes on, where it has been a while; to be called between two transactions of a batch."""
        if self._held and self._clock.monotonic() - self._renewed_at >= _RENEWED_AFTER_SECONDS:
            self._consumer.renew(list(self._held.values()))
            self._renewed_at = self._clock.monotonic()

    def release(self) -> None:
        """Give back what is left, untouched and uncounted."""
        if self._held:
            self._consumer.release(list(self._held.values()))
            self._held = {}


def _bytes_of(claims: Sequence[Claim]) -> int:
    return sum(len(claim.entry.tracking_data) for claim in claims)
