"""What an answer means; pure."""

from datetime import UTC, datetime, timedelta

import pytest

from tracker.webhooks.retry_policy import MAX_PAUSE, RETRIES, AttemptResult, decide, delay_after, retry_after

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_alone_is_a_success(status: int) -> None:
    assert decide(AttemptResult(status=status), tries=1, now=NOW, chance=0).state == "delivered"


@pytest.mark.parametrize("status", [100, 199, 300, 301, 304, 400, 401, 404, 500, 599, None])
def test_anything_else_is_tried_again(status: int | None) -> None:
    decision = decide(AttemptResult(status=status), tries=1, now=NOW, chance=0)
    assert (decision.state, decision.due_at) == ("waiting", NOW + timedelta(seconds=5))
    assert decision.error


def test_the_schedule_has_nine_retries_and_a_jitter_that_only_adds() -> None:
    for tries, delay in enumerate(RETRIES, 1):
        for chance in (0.0, 0.5, 1.0):
            due_at = decide(AttemptResult(status=500), tries=tries, now=NOW, chance=chance).due_at
            assert due_at == NOW + delay * (1 + 0.1 * chance)
    assert delay_after(10) is None
    assert decide(AttemptResult(status=500), tries=10, now=NOW, chance=0).state == "failed"


def test_410_ends_it() -> None:
    decision = decide(AttemptResult(status=410), tries=1, now=NOW, chance=0)
    assert (decision.state, decision.is_gone) == ("failed", True)


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_is_asked_for_counts_where_it_is_longer_than_the_schedule(status: int) -> None:
    long = decide(AttemptResult(status=status, retry_after="600"), tries=1, now=NOW, chance=0)
    assert long.paused_until == long.due_at == NOW + timedelta(seconds=600)
    short = decide(AttemptResult(status=status, retry_after="1"), tries=2, now=NOW, chance=0)
    assert short.paused_until == NOW + timedelta(seconds=1)
    assert short.due_at == NOW + timedelta(minutes=5)


def test_retry_after_of_other_answers_is_ignored() -> None:
    assert decide(AttemptResult(status=500, retry_after="600"), tries=1, now=NOW, chance=0).paused_until is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("9" * 5000, MAX_PAUSE.total_seconds()),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_PAUSE.total_seconds()),
    ],
)
def test_retry_after_is_read_within_bounds(text: str, seconds: float) -> None:
    assert retry_after(text, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", [None, "", "-1", "1.5", "soon", "\u0661", "Mon, 99 Nov 2026 12:00:00 GMT"])
def test_nonsense_in_retry_after_is_ignored(text: str | None) -> None:
    assert retry_after(text, NOW) is None
