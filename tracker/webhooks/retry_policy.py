"""What an attempt means for its delivery and its endpoint; pure.

Standard Webhooks, "Operational considerations": success is 2xx alone, 410 means that nobody wants any more, 429 and
503 may say when to come again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tracker.store.webhook_deliveries import State

RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the first failed attempt, the second, and so on; the tenth is the last."""
JITTER = 0.1
"""A retry is later by up to this part of its delay, so that what failed together does not come again together."""
MAX_PAUSE = timedelta(hours=24)

_ERROR_CHARACTERS = 500
_GONE = 410
_PAUSING = (429, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """How an attempt ended: with an answer's `status`, or without one, for the reason `error`."""

    status: int | None = None
    retry_after: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What is to become of the delivery, and of the endpoint."""

    state: State
    error: str | None = None
    due_at: datetime | None = None
    """When it is tried again, where it is."""
    paused_until: datetime | None = None
    """Until then nothing at all is sent to the endpoint."""
    is_gone: bool = False
    """The endpoint wants nothing any more."""


def decide(result: AttemptResult, *, tries: int, now: datetime, chance: float) -> RetryDecision:
    """Return the decision on the `tries`-th attempt, which ended `now`; `chance` is from 0 to 1."""
    if result.status is not None and 200 <= result.status < 300:  # noqa: PLR2004 - what HTTP calls a success
        return RetryDecision(state="delivered")
    error = _error(result)
    if result.status == _GONE:
        return RetryDecision(state="failed", error=error, is_gone=True)
    pause = retry_after(result.retry_after, now) if result.status in _PAUSING else None
    paused_until = None if pause is None else now + pause
    delay = delay_after(tries)
    if delay is None:
        return RetryDecision(state="failed", error=error, paused_until=paused_until)
    due_at = now + delay * (1 + JITTER * chance)
    return RetryDecision(
        state="waiting", error=error, due_at=max(due_at, paused_until or due_at), paused_until=paused_until
    )


def delay_after(tries: int) -> timedelta | None:
    """Return how long after the `tries`-th attempt, from 1, the next one follows; None where none does."""
    return RETRIES[tries - 1] if tries <= len(RETRIES) else None


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Return what Retry-After asks for (RFC 9110, 10.2.3: seconds or a date), at most MAX_PAUSE; None for nonsense."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        # More digits than these are more than a day in any case.
        return min(timedelta(seconds=int(text[:9])), MAX_PAUSE)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(at - now, timedelta(0)), MAX_PAUSE)


def _error(result: AttemptResult) -> str:
    if result.status is None:
        return (result.error or "It gave no answer.")[:_ERROR_CHARACTERS]
    if 300 <= result.status < 400:  # noqa: PLR2004 - what HTTP calls a redirection
        return f"It answered {result.status}: redirects are not followed."
    return f"It answered {result.status}."
