"""What a browser keeps of sign-ins that it has begun at a provider: one cookie each, and not too many."""

from datetime import UTC, datetime, timedelta
from random import Random

from tracker.dashboard.attempt_cookie import LASTS_SECONDS, AttemptCookie, PendingSignIn, name_of
from tracker.oidc.identity import SignInAttempt

NOW = datetime(2026, 12, 1, tzinfo=UTC)
BACK = "https://stats.example/dashboard/sign-in/callback"


def begun(path: str = "/dashboard") -> PendingSignIn:
    return PendingSignIn(SignInAttempt(BACK), path, None)


def test_each_attempt_has_a_name_of_its_own_that_holds_nothing_of_what_is_presented() -> None:
    names = {name_of(begun().attempt.state) for _ in range(100)}
    assert len(names) == 100
    hostile = name_of("x; Path=/\r\nSet-Cookie: a=b\u3042")
    assert hostile.removeprefix("tracker_sign_in_").isalnum()


def test_a_browser_keeps_the_newest_attempts_and_no_more_than_servers_in_front_take() -> None:
    cookie = AttemptCookie("a secret key of tests")
    kept = {"tracker_session": "x" * 300, "tracker_sign_in_old": cookie.write(begun(), NOW - timedelta(hours=1))}
    for second in range(300):
        now, pending = (
            NOW + timedelta(seconds=second),
            begun("/dashboard/" + Random(second).randbytes(second * 3).hex()),
        )
        written = cookie.write(pending, now)
        for name in cookie.given_up(kept, written, now):
            del kept[name]
        kept[name_of(pending.attempt.state)] = written
        assert cookie.read(kept[name_of(pending.attempt.state)], now) == pending
        assert sum(map(len, kept.values())) <= 5300
        if second == 4:
            assert len(kept) == 6
    assert len(kept) in {3, 4}
    later = NOW + timedelta(seconds=299 + LASTS_SECONDS)
    assert len(cookie.given_up(kept, "", later)) == len(kept) - 1
    assert "tracker_session" not in cookie.given_up(kept, "", later)
