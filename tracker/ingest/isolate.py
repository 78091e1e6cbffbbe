"""Isolating: what the database takes is stored at once, and what it refuses ends up alone.

A batch that is refused is halved, and so are its halves. A hit that is refused alone has failed where the database
said never; where it is unclear, it becomes a suspect that is tried alone again, with growing delays. A fault of our own
that one hit brings about counts as unclear: it must not hold up the ninety-nine others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tracker.clock import Clock
from tracker.errors import Unclear, Unstorable
from tracker.ingest.check import Good
from tracker.ingest.held import Held
from tracker.ingest.read import Failed
from tracker.ingest.write import Written, write
from tracker.log import logger
from tracker.queueing.claims import Claim
from tracker.store.database import Database

_FIRST_DELAY_SECONDS = 2.0
_DELAY_FACTOR = 4.0

FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a value that nobody thought of brings about in our code. RQ's time limit and a full memory are none of these."""

_log = logger(__name__)

Item = Good | Failed


@dataclass(frozen=True, slots=True)
class Postponed:
    """A suspect that is to be tried again alone."""

    claim: Claim
    reason: str


def write_isolating(
    database: Database, held: Held, batch: Sequence[Item], clock: Clock, out_of_time: Callable[[], bool]
) -> Iterator[Written | Postponed]:
    """Write a batch and settle it, in as many parts as it takes; says what became of each part.

    Ends early when the time is over: what is left stays held. Raises TryAgain's kin where the database or Redis is
    away: what was said before is settled.
    """
    parts = [batch]
    while parts and not out_of_time():
        part = parts.pop()
        held.renew()
        try:
            written = _write(database, part, clock)
        except (Unstorable, Unclear) as error:
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
            else:
                yield from _alone(database, held, part[0], error, clock)
        else:
            held.settle([item.claim for item in part])
            yield written


def _write(database: Database, part: Sequence[Item], clock: Clock) -> Written:
    try:
        return write(database, part, clock)
    except FAULTS as error:
        if len(part) == 1:
            _log.exception("a hit meets a fault of this program", entry=str(part[0].claim.entry.id))
        raise Unclear(
            f"Writing it met a fault of this program: {type(error).__name__}, see the worker's log."
        ) from error


def delay_before(retry: int) -> float:
    """Seconds before a suspect's next try, when `retry` tries have been counted: 2, 8, 32, 128..."""
    return _FIRST_DELAY_SECONDS * _DELAY_FACTOR**retry


def _alone(
    database: Database, held: Held, item: Item, error: Unstorable | Unclear, clock: Clock
) -> Iterator[Written | Postponed]:
    """Decide about a hit that was refused alone."""
    claim = item.claim
    entry = claim.entry
    if isinstance(item, Failed):
        # It cannot even be written to batch_queue. It stays in Redis, where it is taken over again and again.
        _log.error("failed hit cannot be kept", entry=str(entry.id), error=str(error))
        return
    if isinstance(error, Unclear) and entry.retry_count < entry.max_retries:
        held.postpone(claim, reason=str(error), delay=delay_before(entry.retry_count))
        yield Postponed(claim, str(error))
        return
    kind = "unstorable" if isinstance(error, Unstorable) else "unclear"
    tries = f" It was tried alone {entry.retry_count + 1} times." if kind == "unclear" else ""
    failed = Failed(claim, kind, f"{error}{tries}", item.audience)
    yield from write_isolating(database, held, [failed], clock, lambda: False)
