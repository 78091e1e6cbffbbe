"""The entries of the table, and how one turn of an entry is run."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.clock import Clock
from tracker.errors import TrackerError, TryAgain
from tracker.instruments import JOB_SECONDS, JOB_TURNS
from tracker.log import logger

ShouldContinue = Callable[[], bool]
"""Asked by a turn between its steps: False once the lease is lost or the process is to end."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One line of the table: what is done, how often, give or take how much, and the turn itself."""

    name: str
    every: timedelta
    jitter: timedelta
    turn: Callable[[ShouldContinue], object]
    """One turn. It logs what it did and notes it in `batch_jobs`, and says nothing where there was nothing to do."""


FailureListener = Callable[[str, datetime, str], None]
"""Hears of a turn that failed: the job's name, when the turn began, the reason in a sentence or a word."""


def _tell_nobody(_name: str, _started_at: datetime, _reason: str) -> None:
    pass


def run(job: Job, clock: Clock, should_continue: ShouldContinue, failed: FailureListener = _tell_nobody) -> None:
    """One turn. Whatever it raises is logged and stops nothing else; the next turn tries again."""
    started_at, started = clock.now(), clock.monotonic()
    try:
        did = job.turn(should_continue)
    except TryAgain as error:
        _note(job, clock, started, "postponed")
        _log.warning("turn postponed", job=job.name, reason=str(error))
    except Exception as error:  # noqa: BLE001 whatever it is, the other turns go on
        _note(job, clock, started, "failed")
        _log.exception("turn failed", job=job.name)
        # Only the words of our own errors are sure to quote no value.
        reason = str(error) if isinstance(error, TrackerError) else type(error).__name__
        with suppress(TrackerError):
            failed(job.name, started_at, reason)
    else:
        _note(job, clock, started, "done")
        _log.debug("turn done", job=job.name, did=str(did), seconds=round(clock.monotonic() - started, 3))


def _note(job: Job, clock: Clock, started: float, outcome: str) -> None:
    JOB_TURNS.labels(job.name, outcome).inc()
    JOB_SECONDS.labels(job.name).inc(max(0.0, clock.monotonic() - started))
