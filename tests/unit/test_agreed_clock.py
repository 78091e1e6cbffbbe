"""Which time three clocks agree on, and what a process goes by while they do not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tracker.agreed_clock import EVERY_SECONDS, MAX_ROUND_TRIP_SECONDS, AgreedClock, majority
from tracker.errors import DatabaseUnavailable

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)


class Machines:
    """Three machines with clocks that are off, and servers that may be unavailable or slow."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.off = {"own": timedelta(0), "PostgreSQL": timedelta(0), "Redis": timedelta(0)}
        self.away: set[str] = set()
        self.slow = 0.0
        self.asked = 0

    @property
    def true(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def now(self) -> datetime:
        return self.true + self.off["own"]

    def monotonic(self) -> float:
        return 1000 + self.passed

    def ask(self, server: str) -> datetime:
        self.asked += 1
        if server in self.away:
            raise DatabaseUnavailable("away")
        self.passed += self.slow / 2
        time = self.true + self.off[server]
        self.passed += self.slow / 2
        return time

    def clock(self) -> AgreedClock:
        return AgreedClock({name: lambda name=name: self.ask(name) for name in ("PostgreSQL", "Redis")}, self)


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.mark.parametrize(
    ("differences", "correction"),
    [
        ([], None),
        ([SECOND], timedelta(0)),
        ([-60 * SECOND], timedelta(0)),
        ([61 * SECOND], None),
        ([SECOND, HOUR], timedelta(0)),
        ([-HOUR, 59 * SECOND], timedelta(0)),
        ([HOUR, HOUR + SECOND], HOUR),
        ([-HOUR, -HOUR - SECOND], -HOUR),
        ([HOUR, HOUR + 61 * SECOND], None),
        ([HOUR, -HOUR], None),
        ([61 * SECOND, 121 * SECOND], 61 * SECOND),
    ],
)
def test_two_of_three_clocks_that_agree_say_what_the_time_is(
    differences: Sequence[timedelta], correction: timedelta | None
) -> None:
    assert majority(differences) == correction


@pytest.mark.parametrize("off", [3 * HOUR, -3 * HOUR, 100 * DAY, -100 * DAY, 61 * SECOND])
def test_a_machine_whose_clock_is_off_goes_by_the_servers(off: timedelta, machines: Machines) -> None:
    machines.off["own"] = off
    clock = machines.clock()
    assert clock.now() == NOON + off
    clock.measure()
    assert clock.now() == NOON
    machines.passed += 3600
    assert clock.now() == machines.true
    assert clock.complaint is not None
    assert ("ahead of" if off > timedelta(0) else "behind") in clock.complaint
    machines.off["own"] = timedelta(0)
    clock.measure_when_due()
    assert clock.complaint is None
    assert clock.now() == machines.true


@pytest.mark.parametrize("server", ["PostgreSQL", "Redis"])
def test_one_server_whose_clock_is_off_changes_nothing(server: str, machines: Machines) -> None:
    machines.off[server] = 100 * DAY
    clock = machines.clock()
    clock.measure()
    assert (clock.now(), clock.correction, clock.complaint) == (NOON, timedelta(0), None)


def test_a_clock_that_is_set_between_two_measurements_is_not_followed(machines: Machines) -> None:
    clock = machines.clock()
    clock.measure()
    machines.off["own"] = 5 * HOUR
    machines.passed += 1
    assert clock.now() == machines.true


def test_what_was_agreed_on_holds_while_nobody_can_say_more(machines: Machines) -> None:
    """A clock alone against one server has no majority, whichever of the two is wrong."""
    clock = machines.clock()
    clock.measure()
    machines.away = {"Redis"}
    machines.off["PostgreSQL"] = 10 * DAY
    machines.passed += 60
    clock.measure()
    assert clock.now() == machines.true
    assert clock.complaint is not None
    machines.away = {"Redis", "PostgreSQL"}
    machines.off["own"] = -HOUR
    machines.passed += 60
    clock.measure()
    assert clock.now() == machines.true


def test_a_process_that_has_agreed_on_nothing_yet_goes_by_the_only_server(machines: Machines) -> None:
    machines.off["own"] = 3 * HOUR
    machines.away = {"Redis"}
    clock = machines.clock()
    clock.measure()
    assert clock.now() == NOON


def test_of_three_clocks_that_are_all_apart_the_middle_one_begins(machines: Machines) -> None:
    machines.off |= {"own": 100 * DAY, "Redis": -3 * HOUR}
    clock = machines.clock()
    clock.measure()
    assert clock.now() == NOON


def test_how_long_a_server_takes_to_answer_is_no_difference(machines: Machines) -> None:
    machines.off["own"] = 3 * HOUR
    machines.slow = MAX_ROUND_TRIP_SECONDS
    clock = machines.clock()
    clock.measure()
    assert clock.now() == machines.true


def test_an_answer_that_took_too_long_says_nothing(machines: Machines) -> None:
    machines.off["own"] = 3 * HOUR
    machines.slow = MAX_ROUND_TRIP_SECONDS + 1
    clock = machines.clock()
    clock.measure()
    assert clock.now() == machines.true + 3 * HOUR


def test_servers_are_asked_now_and_then_and_again_at_once_where_none_answered(machines: Machines) -> None:
    clock = machines.clock()
    machines.away = {"PostgreSQL", "Redis"}
    clock.measure_when_due()
    clock.measure_when_due()
    assert machines.asked == 4
    machines.away = set()
    clock.measure_when_due()
    machines.passed += EVERY_SECONDS - 1
    clock.measure_when_due()
    assert machines.asked == 6
    machines.passed += 1
    clock.measure_when_due()
    assert machines.asked == 8


def test_it_is_said_when_a_clock_begins_and_ends_to_be_wrong(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = machines.clock()
    for off in (timedelta(0), HOUR, 2 * HOUR, timedelta(0), timedelta(0)):
        machines.off["own"] = off
        clock.measure()
    said = capsys.readouterr().out
    assert said.count("clock is wrong") == 1
    assert said.count("clock is right again") == 1
