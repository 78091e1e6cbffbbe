from datetime import UTC, datetime, timedelta

from tracker.receiver.look_ups import MAX_FOR_AN_ADDRESS, MAX_FOR_THE_PROCESS, LookUps

ONE, OTHER = ("203.0.113.9",), ("2001:db8::/64", "2001:db8::/48")


class HandClock:
    """A clock that somebody moves by hand."""

    seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def test_an_address_has_so_many_look_ups_and_gets_them_back() -> None:
    clock = HandClock()
    look_ups = LookUps(clock)
    assert [look_ups.take(ONE) for _ in range(MAX_FOR_AN_ADDRESS)] == [None] * MAX_FOR_AN_ADDRESS
    assert look_ups.take(ONE) == "address"
    assert look_ups.take(OTHER) is None
    clock.seconds = 1.0
    assert [look_ups.take(ONE) for _ in range(3)] == [None, None, "address"]


def test_a_wider_network_has_no_more_than_an_address() -> None:
    look_ups = LookUps(HandClock())
    networks = [(f"2001:db8:0:{number:x}::/64", "2001:db8::/48") for number in range(MAX_FOR_AN_ADDRESS + 1)]
    assert [look_ups.take(network) for network in networks] == [None] * MAX_FOR_AN_ADDRESS + ["address"]


def test_the_process_has_so_many_whoever_asks_and_a_stopped_address_spends_none_of_them() -> None:
    look_ups = LookUps(HandClock())
    for _ in range(1000):
        look_ups.take(ONE)
    taken = [look_ups.take((f"198.51.100.{number}",)) for number in range(MAX_FOR_THE_PROCESS)]
    left = MAX_FOR_THE_PROCESS - MAX_FOR_AN_ADDRESS
    assert taken == [None] * left + ["process"] * MAX_FOR_AN_ADDRESS


def test_an_answer_holds_for_a_moment() -> None:
    clock = HandClock()
    look_ups = LookUps(clock)
    look_ups.settle(("shop", "a"), clock.monotonic(), 2.0)
    assert look_ups.is_settled(("shop", "a"))
    assert not look_ups.is_settled(("shop", "b"))
    clock.seconds = 2.0
    assert not look_ups.is_settled(("shop", "a"))
