import pytest

from tracker.hit import PROCESS_NUMBERS
from tracker.queueing.connection import Connection, connect
from tracker.queueing.process_number import ProcessNumber


def test_a_number_is_drawn_and_stays(queue: Connection) -> None:
    number = ProcessNumber(queue)
    drawn = number.draw()
    assert 0 <= drawn < PROCESS_NUMBERS
    assert [number.check() for _ in range(3)] == [drawn] * 3
    assert 86_000 < queue.ttl(f"tracker:process:{drawn}") <= 86_400


def test_the_first_check_draws(queue: Connection) -> None:
    number = ProcessNumber(queue)
    assert number.check() == number.check()


def test_two_processes_never_hold_the_same_number(queue: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.queueing.process_number.PROCESS_NUMBERS", 8)
    assert len({ProcessNumber(queue).draw() for _ in range(8)}) == 8


def test_a_check_renews_the_lease(queue: Connection) -> None:
    number = ProcessNumber(queue)
    key = f"tracker:process:{number.draw()}"
    queue.expire(key, 10)
    number.check()
    assert queue.ttl(key) > 86_000


def test_a_wiped_redis_learns_the_number_again(queue: Connection) -> None:
    number = ProcessNumber(queue)
    drawn = number.draw()
    queue.flushall()
    queue.script_flush()
    assert number.check() == drawn
    assert queue.exists(f"tracker:process:{drawn}")


def test_of_two_that_hold_one_number_after_a_wipe_the_later_one_draws_anew(
    queue: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ProcessNumber(queue), ProcessNumber(queue)
    drawn = first.draw()
    queue.flushall()
    monkeypatch.setattr("secrets.randbelow", lambda _: drawn)
    assert second.draw() == drawn
    monkeypatch.undo()
    assert first.check() != drawn
    assert second.check() == drawn


def test_a_fork_draws_a_number_of_its_own(queue: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    number = ProcessNumber(queue)
    drawn = number.draw()
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert number.check() != drawn


def test_when_all_numbers_are_taken_one_is_used_twice_rather_than_none(
    queue: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.queueing.process_number.PROCESS_NUMBERS", 1)
    assert (ProcessNumber(queue).draw(), ProcessNumber(queue).draw()) == (0, 0)


def test_while_redis_is_away_a_random_number_serves_and_stays() -> None:
    number = ProcessNumber(connect("unix:///nonexistent/redis", name="tests"))
    drawn = number.draw()
    assert 0 <= drawn < PROCESS_NUMBERS
    assert number.check() == drawn
