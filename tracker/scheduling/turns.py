"""The entries of the table, and how one turn of an entry is run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tracker.clock import Clock
from tracker.errors import TryAgain
from tracker.log import logger

GoOn = Callable[[], bool]
"""Asked by a turn between its steps: False once the lease is lost or the process is to end."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One line of the table: what is done, how often, give or take how much, and the turn itself."""

    name: str
    every: timedelta
    jitter: timedelta
    turn: Callable[[GoOn], object]
    """One turn. It logs what it did and notes it in `batch_jobs`, and says nothing where there was nothing to do."""


def run(job: Job, clock: Clock, go_on: GoOn) -> None:
    """One turn. Whatever it raises is logged and stops nothing else; the next turn tries again."""
    started = clock.monotonic()
    try:
        did = job.turn(go_on)
    except TryAgain as error:
        _log.warning("turn postponed", job=job.name, reason=str(error))
    except Exception:  # noqa: BLE001 whatever it is, the other turns go on
        _log.exception("turn failed", job=job.name)
    else:
        _log.debug("turn done", job=job.name, did=str(did), seconds=round(clock.monotonic() - started, 3))
