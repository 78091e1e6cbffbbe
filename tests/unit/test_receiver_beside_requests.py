import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tracker.clock import SystemClock
from tracker.errors import DatabaseUnavailable
from tracker.queueing.quota import UNLIMITED, AddressShare, Quota, QuotaUse
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.receiver.enqueue import RateWindow
from tracker.receiver.per_process import PerProcess
from tracker.web.circuit_breaker import CircuitBreaker
from tracker.web.request_headers import clean

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class HandClock:
    """A clock that somebody moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def test_during_an_outage_one_caller_a_second_asks_again() -> None:
    clock = HandClock()
    breaker = CircuitBreaker(clock, seconds=1.0, trial_seconds=5.0)
    assert breaker.allows_call()
    assert breaker.record_failure()
    assert not breaker.record_failure()
    assert not breaker.allows_call()
    clock.seconds = 1.0
    assert [breaker.allows_call() for _ in range(3)] == [True, False, False]
    assert not breaker.record_failure()
    clock.seconds = 1.9
    assert not breaker.allows_call()
    clock.seconds = 2.0
    assert breaker.allows_call()
    assert breaker.record_success()
    assert not breaker.record_success()
    assert breaker.allows_call()


def test_an_asker_that_hangs_is_followed_by_another_one() -> None:
    clock = HandClock()
    breaker = CircuitBreaker(clock, seconds=1.0, trial_seconds=5.0)
    breaker.record_failure()
    clock.seconds = 1.0
    assert breaker.allows_call()
    clock.seconds = 5.9
    assert not breaker.allows_call()
    clock.seconds = 6.0
    assert breaker.allows_call()


def test_a_window_takes_what_fits_and_starts_anew_each_minute() -> None:
    window, shop, news = RateWindow(), uuid4(), uuid4()
    hit, two = [100], [100, 100]
    assert window.take(shop, 3, two, NOON, UNLIMITED) == QuotaUse(2, 1, None)
    assert window.take(shop, 3, two, NOON, UNLIMITED) == QuotaUse(1, 0, "rate_limit")
    assert window.take(shop, 3, hit, NOON + timedelta(seconds=59), UNLIMITED).hits == 0
    assert window.take(news, 3, hit, NOON, UNLIMITED).hits == 1
    assert window.take(shop, 3, hit, NOON + timedelta(seconds=60), UNLIMITED).hits == 1
    assert window.take(uuid4(), 0, hit, NOON, UNLIMITED).hits == 0


def test_a_window_knows_shares_and_the_bytes_of_the_day() -> None:
    window, shop = RateWindow(), uuid4()
    visitor = Quota(open_hits=5, shares=(AddressShare("1:7", 2),), bytes_a_day=500)
    assert window.take(shop, 9, [100, 100, 100], NOON, visitor) == QuotaUse(2, 0, "address_limit")
    owner = Quota(bytes_a_day=500)
    later = NOON + timedelta(minutes=1)
    assert window.take(shop, 9, [100] * 4, later, owner) == QuotaUse(3, 0, "byte_budget")
    assert window.take(shop, 9, [100], NOON + timedelta(days=1), owner) == QuotaUse(1, 8, None)


def test_a_task_that_fails_delays_no_other_and_runs_again() -> None:
    calls: list[str] = []

    def away() -> None:
        calls.append("away")
        raise DatabaseUnavailable("It is unavailable.")

    def broken() -> None:
        calls.append("broken")
        raise RuntimeError("a fault of ours")

    background_tasks = BackgroundTasks(
        {"away": away, "broken": broken, "well": lambda: calls.append("well")}, HandClock(), seconds=1
    )
    background_tasks.turn()
    background_tasks.turn()
    assert calls == ["away", "broken", "well"] * 2


def test_the_age_of_upkeep_is_that_of_its_last_turn() -> None:
    clock = HandClock()
    background_tasks = BackgroundTasks({}, clock, seconds=1)
    clock.seconds = 30
    assert background_tasks.age_seconds == 30
    background_tasks.turn()
    assert background_tasks.age_seconds == 0


# The thread ends by an error on purpose; that is what is tested.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_upkeep_that_died_starts_again() -> None:
    turned = threading.Event()

    class Dying(BackgroundTasks):
        deaths = 0

        def turn(self) -> None:
            if Dying.deaths == 0:
                Dying.deaths += 1
                raise SystemExit
            turned.set()

    background_tasks = Dying({}, SystemClock(), seconds=0.001)
    background_tasks.ensure()
    assert background_tasks._thread is not None
    background_tasks._thread.join()
    while not turned.wait(0.01):
        background_tasks.ensure()
    background_tasks.stop()
    background_tasks.ensure()
    assert not background_tasks.runs


def test_what_is_per_process_is_made_once_however_many_ask() -> None:
    made: list[object] = []
    together = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    per_process = PerProcess(make)
    got: list[object] = []

    def ask() -> None:
        together.wait()
        got.append(per_process())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == made * 8


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, None),
        ("", None),
        ("Mozilla/5.0", "Mozilla/5.0"),
        ("é".encode().decode("latin-1"), "é"),
        ("caf\xe9", "caf�"),
        ("a\x00b\x1b[31mc\x7f\xc2\x9bd", "ab[31mcd"),
        ("\x01\x02", None),
        (" padded ", "padded"),
        ("x" * 30, "x" * 20),
    ],
)
def test_a_header_is_clean_text_whatever_it_was(header: str | None, text: str | None) -> None:
    assert clean(header, 20) == text
