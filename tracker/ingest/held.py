"""What a drain holds: claimed, and neither settled nor postponed yet."""

from collections.abc import Sequence

from tracker.clock import Clock
from tracker.queueing.claims import Claim, Claims

_SUSPECTS_EVERY_SECONDS = 1.0
"""Their delays are seconds, so that asking in every turn of a full queue would be a round trip for nothing."""
_RENEWED_AFTER_SECONDS = 5.0
"""Others take over what is silent for 15 s; a third of it leaves room for one slow statement."""


class Held:
    """The claims of one drain, so that a long batch is renewed and an outage gives back what is left."""

    def __init__(self, claims: Claims, clock: Clock) -> None:
        self._claims = claims
        self._clock = clock
        self._held: dict[tuple[str, bytes], Claim] = {}
        self._renewed_at = self._suspects_at = clock.monotonic()

    def claim(self) -> list[list[Claim]]:
        """The next batches: one of entries that go together, and each suspect as one of its own; none when dry.

        Beside what is still held there are few that may wait (`Claims.claim`), and new suspects only when none is held.
        """
        held = list(self._held.values())
        if not held:
            self._renewed_at = self._clock.monotonic()
        batch = self._claims.claim(held=held)
        suspects: Sequence[Claim] = ()
        now = self._clock.monotonic()
        if (now >= self._suspects_at or not (batch or held)) and not any(claim.suspect for claim in held):
            suspects = self._claims.due()
            self._suspects_at = now + _SUSPECTS_EVERY_SECONDS
        self._held |= {(claim.key, claim.member): claim for claim in (*batch, *suspects)}
        return ([batch] if batch else []) + [[suspect] for suspect in suspects]

    def settle(self, claims: Sequence[Claim]) -> None:
        """They are written: out of the queue."""
        self._claims.settle(claims)
        for claim in claims:
            self._held.pop((claim.key, claim.member), None)

    def postpone(self, claim: Claim, *, reason: str, delay: float) -> None:
        """Count a try, and try it again alone after `delay` seconds."""
        self._claims.postpone(claim, reason=reason, delay=delay)
        self._held.pop((claim.key, claim.member), None)

    def renew(self) -> None:
        """Say that work goes on, where it has been a while; to be called between two transactions of a batch."""
        if self._held and self._clock.monotonic() - self._renewed_at >= _RENEWED_AFTER_SECONDS:
            self._claims.renew(list(self._held.values()))
            self._renewed_at = self._clock.monotonic()

    def release(self) -> None:
        """Give back what is left, untouched and uncounted."""
        if self._held:
            self._claims.release(list(self._held.values()))
            self._held = {}
