"""The chart's geometry, the ranges that can be chosen, and how numbers are written."""

from datetime import UTC, date, datetime, timedelta
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.dashboard.chart import BOTTOM, HEIGHT, TOP, Bar, chart
from tracker.dashboard.formats import change, number, share
from tracker.dashboard.neighbours import earlier, later, query_of_days
from tracker.dashboard.ranges import NAMES, range_of
from tracker.dashboard.reason import without_values
from tracker.dashboard.wording import LANGUAGES, _texts
from tracker.reading.period import Period

NOW = datetime(2028, 2, 29, 13, 5, tzinfo=UTC)


def bars(*counts: tuple[int, int]) -> list[Bar]:
    return [Bar(label="l", name="n", requests=requests, visitors=visitors) for requests, visitors in counts]


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=120))
def test_every_bar_stays_within_the_chart(counts: list[tuple[int, int]]) -> None:
    drawn = chart(bars(*counts))
    assert drawn.height == TOP + HEIGHT + BOTTOM
    assert drawn.top >= max((requests for requests, _ in counts), default=0)
    numbers = [line.number for line in drawn.lines]
    assert numbers == list(range(0, drawn.top + 1, numbers[1]))
    assert 2 <= len(numbers) <= 5
    for column in drawn.columns:
        assert 0 <= column.visitors <= column.requests <= HEIGHT
        assert (column.requests > 0) is (column.bar.requests > 0)
        assert 0 <= column.left <= column.bar_left
        assert column.bar_left + column.bar_width <= column.left + column.width + 0.01 <= 100.02


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (1, 1), (4, 4), (5, 6), (37, 40), (41, 60), (100, 100), (999, 1000), (1001, 1500)]
)
def test_the_lines_are_round_numbers(highest: int, top: int) -> None:
    assert chart(bars((highest, 0))).top == top


@given(st.lists(st.tuples(st.integers(0, 10**6), st.none() | st.integers(0, 10**6)), min_size=1, max_size=92))
def test_the_line_of_the_time_before_goes_through_what_it_was_and_stays_within(
    counts: list[tuple[int, int | None]],
) -> None:
    drawn = chart([Bar(str(n), str(n), now, 0, before=before) for n, (now, before) in enumerate(counts)])
    known = [column for column in drawn.columns if column.bar.before is not None]
    assert len(drawn.before) == max(0, len(known) - 1)
    for stretch, column in zip(drawn.before, known, strict=False):
        assert stretch.x1 == column.middle
        assert TOP <= stretch.y1 <= drawn.base
        assert stretch.y1 == pytest.approx(drawn.base - HEIGHT * (column.bar.before or 0) / drawn.top, abs=0.1)
    assert all(column.requests <= HEIGHT for column in drawn.columns)


def test_of_many_columns_only_some_are_labelled() -> None:
    labelled = [column.labelled for column in chart(bars(*[(1, 1)] * 90)).columns]
    assert sum(map(bool, labelled)) == 8
    assert [label for label in labelled if label] == [1, 2] * 4


@pytest.mark.parametrize(
    ("asked", "period", "before", "group_by"),
    [
        ({}, (date(2028, 2, 23), date(2028, 2, 29)), (date(2028, 2, 16), date(2028, 2, 22)), "day"),
        ({"range": "today"}, (date(2028, 2, 29), date(2028, 2, 29)), (date(2028, 2, 28), date(2028, 2, 28)), "hour"),
        ({"range": "month"}, (date(2028, 2, 1), date(2028, 2, 29)), (date(2028, 1, 1), date(2028, 1, 29)), "day"),
        ({"range": "12m"}, (date(2027, 3, 1), date(2028, 2, 29)), (date(2026, 3, 1), date(2027, 2, 28)), "month"),
        (
            {"from": "2028-01-01", "to": "2028-01-02"},
            (date(2028, 1, 1), date(2028, 1, 2)),
            (date(2027, 12, 30), date(2027, 12, 31)),
            "hour",
        ),
        (
            {"from": "2099-01-01", "to": "2028-02-01"},
            (date(2028, 2, 1), date(2028, 2, 29)),
            (date(2028, 1, 3), date(2028, 1, 31)),
            "day",
        ),
    ],
)
def test_a_range_is_a_period_and_the_one_before_it(
    asked: dict[str, str], period: tuple[date, date], before: tuple[date, date], group_by: str
) -> None:
    chosen = range_of(asked, NOW)
    assert (chosen.period, chosen.before, chosen.group_by) == (Period(*period), Period(*before), group_by)


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        ({"range": "today"}, {"from": "2028-02-28", "to": "2028-02-28"}, None),
        ({"range": "24h"}, {"from": "2028-02-28", "to": "2028-02-28"}, None),
        ({}, {"from": "2028-02-16", "to": "2028-02-22"}, None),
        ({"range": "month"}, {"from": "2028-01-01", "to": "2028-01-31"}, None),
        ({"range": "12m"}, {"from": "2026-03-01", "to": "2027-02-28"}, None),
        ({"from": "2028-02-16", "to": "2028-02-22"}, {"from": "2028-02-09", "to": "2028-02-15"}, {"range": "7d"}),
        ({"from": "2028-02-28", "to": "2028-02-28"}, {"from": "2028-02-27", "to": "2028-02-27"}, {"range": "today"}),
        ({"from": "2028-01-01", "to": "2028-01-31"}, {"from": "2027-12-01", "to": "2027-12-31"}, {"range": "month"}),
        (
            {"from": "2027-01-01", "to": "2027-03-31"},
            {"from": "2026-10-01", "to": "2026-12-31"},
            {"from": "2027-04-01", "to": "2027-06-30"},
        ),
        (
            {"from": "2028-02-10", "to": "2028-02-20"},
            {"from": "2028-01-30", "to": "2028-02-09"},
            {"from": "2028-02-21", "to": "2028-02-29"},
        ),
        ({"from": "1970-01-01", "to": "1970-01-02"}, None, {"from": "1970-01-03", "to": "1970-01-04"}),
        (
            {"from": "1970-01-03", "to": "1970-01-09"},
            {"from": "1970-01-01", "to": "1970-01-02"},
            {"from": "1970-01-10", "to": "1970-01-16"},
        ),
    ],
)
def test_arrows_lead_to_the_times_beside_by_months_where_a_time_is_of_months(
    asked: dict[str, str], before: dict[str, str] | None, after: dict[str, str] | None
) -> None:
    def written(period: Period | None) -> dict[str, str] | None:
        query = query_of_days(period, NOW.date()) if period else None
        return query and {name: str(value) for name, value in query.items() if value is not None}

    time = range_of(asked, NOW)
    assert (written(earlier(time)), written(later(time))) == (before, after)


@pytest.mark.parametrize("day", [date(2027, 3, 31), date(2028, 3, 31), date(2027, 1, 1)])
def test_this_month_is_compared_with_as_much_of_the_one_before(day: date) -> None:
    before = range_of({"range": "month"}, datetime(day.year, day.month, day.day, tzinfo=UTC)).before
    first = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    assert before.first == first
    assert before.last == max(
        d for d in Period(first, day.replace(day=1) - timedelta(days=1)).dates() if d.day <= day.day
    )


@pytest.mark.parametrize("month", range(1, 13))
def test_twelve_months_are_twelve(month: int) -> None:
    period = range_of({"range": "12m"}, datetime(2027, month, 28, tzinfo=UTC)).period
    assert len({(day.year, day.month) for day in period.dates()}) == 12


@given(st.dates(date(1990, 1, 1), date(2040, 12, 31)), st.sampled_from([*NAMES]))
def test_a_year_before_has_as_many_days_and_is_none_for_hours_and_years(day: date, name: str) -> None:
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    usual, year = (range_of({"range": name, "compare": compare}, now) for compare in ("", "year"))
    if name in {"24h", "12m"}:
        assert year == usual
    else:
        assert year.before.days == year.period.days
        first = year.period.first
        assert year.before.first.year == first.year - 1
        assert (year.before.first.month, year.before.first.day) == (
            first.month,
            min(first.day, 28 if first.month == 2 else 31),
        )
    assert range_of({"range": name, "compare": "none"}, now).compares is False
    assert usual.compares


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "\N{EN DASH}"),
        (0, "0"),
        (1234567, "1,234,567"),
        (2.5, "2.5"),
        (0.3333333, "0.3333"),
        (5015.44, "5,015.4"),
    ],
)
def test_numbers_are_written_for_people(value: float | None, written: str) -> None:
    assert number(value) == written


def test_shares_and_changes_never_say_nothing_where_there_is_something() -> None:
    assert [share(1, 3), share(1, 10_000), share(0, 5), share(1, 0)] == ["33.3%", "<0.1%", "0%", "\N{EN DASH}"]
    assert [share(5, 5), share(9_999, 10_000), share(9_994, 10_000), share(3, 2)] == [
        "100%",
        "99.9%",
        "99.9%",
        "150.0%",
    ]
    assert [change(3, 2), change(2, 3), change(5, 5), change(5, 0)] == ["+50%", "-33%", "\N{PLUS-MINUS SIGN}0%", None]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (
            "value too long for type character varying(50) (SQLSTATE 22001)",
            "value too long for type character varying(50) (SQLSTATE 22001)",
        ),
        ('colour: "red" is none', "colour: … is none"),
        ("from 192.0.2.7 and 2001:db8::1:2", "from … and …"),
        ("x" * 500, "x" * 400),
    ],
)
def test_a_reason_is_shown_without_the_values_it_quotes(reason: str, shown: str) -> None:
    assert without_values(reason) == shown


def test_every_text_is_there_in_both_languages_with_the_same_places() -> None:
    english, japanese = (_texts(language) for language in LANGUAGES)
    assert {key for key in english if not key.endswith(".one")} == set(japanese)
    for key, text in japanese.items():
        if not key.startswith("day."):
            assert places(text) == places(english[key]), key
        assert text.strip() or key == "sentences", f"{key}: between sentences Japanese has nothing"
    for name in NAMES:
        assert f"range.{name}" in english


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
