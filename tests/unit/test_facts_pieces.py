"""Which file marked minutes go into, and which files are joined."""

from datetime import date
from uuid import UUID

import pytest

from tracker.facts import pieces
from tracker.facts.pieces import DAY_FACTS, JOINED_FACTS, PIECE_FACTS, grouped, next_joined
from tracker.store.facts_files import FactsFile
from tracker.store.facts_marks import ALL_MINUTES

DAY = date(2026, 10, 5)
LATE = 23


def file(first: str, last: str, facts: int = 1, *, digits: int = 64) -> FactsFile:
    (first_hour, first_minute), (last_hour, last_minute) = (map(int, time.split(":")) for time in (first, last))
    return FactsFile(
        application_id=UUID(int=1), date=DAY, first_hour=first_hour, first_minute=first_minute, last_hour=last_hour,
        last_minute=last_minute, name=f"{first} {last}", facts=facts, bytes=1, checksum="0" * digits, parameters=(),
    )  # fmt: skip


def told(files: list[FactsFile], marks: dict[int, int], hour_now: int = LATE) -> list[tuple[str, str | None, int]]:
    """By group: the times between which its files lie, the file of before, and how many minutes are made."""
    return [
        (
            ", ".join("-".join(f"{m // 60:02}:{m % 60:02}" for m in span) for span in group.spans),
            group.file.name if group.file else None,
            sum(bits.bit_count() for bits in group.hours.values()),
        )
        for group in grouped(files, marks, hour_now=hour_now)
    ]


def test_hours_without_a_file_are_made_whole_and_share_one_unless_they_are_made_again_and_again() -> None:
    assert told([], {3: 1, 7: 1, LATE - 1: 1, LATE: 1}) == [
        ("23:00-23:59", None, 60),
        ("22:00-22:59", None, 60),
        ("03:00-07:59", None, 120),
    ]
    between = file("05:00", "05:59")
    assert told([between], {3: 1, 7: 1}) == [("07:00-07:59", None, 60), ("03:00-03:59", None, 60)]


def test_minutes_go_into_the_file_that_is_about_them() -> None:
    files = [file("03:00", "03:09"), file("03:10", "03:59")]
    assert told(files, {3: 0b11 << 9}) == [("03:10-03:59", "03:10 03:59", 1), ("03:00-03:09", "03:00 03:09", 1)]
    [of_hour, _] = grouped(files, {3: ALL_MINUTES}, hour_now=LATE)
    assert of_hour.is_whole


def test_a_part_of_an_hour_that_no_file_is_about_is_made_whole() -> None:
    files = [file("03:05", "03:09"), file("03:20", "03:49")]
    assert told(files, {3: 1 << 12 | 1 << 59}) == [("03:50-03:59", None, 10), ("03:10-03:19", None, 10)]
    assert told(files, {2: 1, 3: 1}) == [("03:00-03:04", None, 5), ("02:00-02:59", None, 60)]


@pytest.mark.parametrize(
    ("facts", "marked", "hour_now", "spans"),
    [
        (PIECE_FACTS, 1 << 30, 3, "03:00-03:29, 03:30-03:59"),
        (PIECE_FACTS, 1 << 30 | 1, 3, "03:00-03:59"),
        (PIECE_FACTS - 1, 1 << 30, 3, "03:00-03:59"),
        (PIECE_FACTS, 1 << 30, 4, "03:00-03:59"),
    ],
    ids=["large", "nothing lies before", "small", "over"],
)
def test_a_large_file_of_the_present_hour_is_left_behind(facts: int, marked: int, hour_now: int, spans: str) -> None:
    assert told([file("03:00", "03:59", facts)], {3: marked}, hour_now) == [(spans, "03:00 03:59", marked.bit_count())]


def joined(files: list[FactsFile], at: str | None = None) -> list[str]:
    hour, minute = map(int, (at or "0:0").split(":"))
    return [file.name for file in next_joined(files, 60 * hour + minute if at else None)]


def test_files_of_a_day_that_is_over_are_joined_as_long_as_they_are_small() -> None:
    day = [file("00:00", "05:59"), file("06:00", "06:29"), file("06:30", "23:59", DAY_FACTS - 2)]
    assert joined(day) == ["00:00 05:59", "06:00 06:29", "06:30 23:59"]
    large = [file("00:00", "05:59", DAY_FACTS), file("06:00", "06:29"), file("06:30", "23:59")]
    assert joined(large) == ["06:00 06:29", "06:30 23:59"]
    assert joined(large[:2]) == []
    assert joined([file("00:00", "23:59", digits=32)]) == ["00:00 23:59"]


def test_files_of_an_hour_that_goes_on_are_joined_when_they_are_many_and_settled() -> None:
    hour = [file("03:00", "03:04"), *(file(f"03:{n:02}", f"03:{n:02}") for n in range(5, 9)), file("03:09", "03:59")]
    assert joined(hour, "03:07") == []
    assert joined(hour, "03:09") == []
    assert joined(hour, "03:10") == ["03:00 03:04", "03:05 03:05", "03:06 03:06", "03:07 03:07"]
    assert joined([file("03:00", "03:04", JOINED_FACTS), *hour[1:]], "03:20") == [of.name for of in hour[1:5]]
    assert joined([*hour[:2], hour[-1]], "04:01") == []
    assert joined([file("02:00", "02:59"), *hour[:2], hour[-1]], "04:02") == [
        "03:00 03:04",
        "03:05 03:05",
        "03:09 03:59",
    ]
    assert joined([file("01:00", "02:59"), file("03:00", "03:59")], "20:00") == []


def test_no_more_is_joined_at_a_time_than_is_done_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "JOINED_FACTS", 3)
    hour = [file(f"03:{n:02}", f"03:{n:02}") for n in range(8)]
    assert joined(hour, "04:30") == [of.name for of in hour[:3]]
    assert joined(hour, "03:30") == []
