"""When those who look at what goes on now are to look again: a few at a time, each about every two seconds."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tracker.dashboard.live_page import until_next_look

START = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=60))
def test_whoever_begins_when_they_may_comes_with_the_others_from_the_second_time_on(begun: list[int]) -> None:
    for milliseconds in begun:
        came = START + timedelta(milliseconds=milliseconds)
        pauses = []
        for _ in range(4):
            pauses.append(until_next_look(came))
            came += timedelta(milliseconds=pauses[-1])
        assert 1875 <= pauses[0] <= 2125
        assert pauses[1:] == [2000, 2000, 2000]


def test_fifty_who_begin_one_after_the_other_come_as_eight() -> None:
    came = [START + timedelta(milliseconds=40 * number) for number in range(50)]
    again = {moment + timedelta(milliseconds=until_next_look(moment)) for moment in came}
    assert 8 <= len(again) <= 9
