"""Days that go on after those of a tally: visits that began long before, and what is looked up for the questions."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.raw_hits import make_months
from tests.support.reporting import Reporting, counted
from tests.support.tallied import AFTERNOON, WHOLE, Tallied, without_sums
from tests.support.told_visits import MIDNIGHT, REFERRERS, compare_pages, compare_sources, made_of
from tracker.reports import near_parts, passing_files, seen_before, tallied
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.store.partitions import Month

DAYS = {"start_date": f"{MIDNIGHT - timedelta(days=5):%F}", "end_date": f"{MIDNIGHT:%F}"}
HOUR = 60
FROM_ELSEWHERE = '[["channel", "is_not", "internal"]]'


def hit(
    minutes: int, client: str, session: str | None = None, page: str = "/x", referrer: str | None = REFERRERS[3]
) -> Any:
    return (minutes, client, session, page, None, referrer, None)


ROUND_THE_CLOCK = [hit(minutes, "r", page=f"/{number % 3}") for number, minutes in enumerate(range(-60 * HOUR, 90, 25))]
OTHERS = [
    hit(-70 * HOUR, "s", "lasts", "/first", REFERRERS[1]),
    hit(200, "t", "lasts", "/last", REFERRERS[2]),
    hit(-20, "b", page="/over"),
    hit(8, "b", page="/over", referrer=REFERRERS[2]),
    hit(-50 * HOUR, "c", page="/alone", referrer=None),
    hit(300, "c", page="/alone", referrer=REFERRERS[1]),
    hit(-29 * HOUR, "d"),
]


@pytest.mark.parametrize("rounds", [ROUND_THE_CLOCK, ROUND_THE_CLOCK[::4]])
def test_visits_that_began_days_before_are_those_of_a_plain_count(
    tallied_application: Tallied, rounds: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who comes every 25 minutes for 60 hours is one visit; one who comes every 100 minutes is one each time."""
    one = tallied_application
    make_months(one.database, Month.of(MIDNIGHT - timedelta(days=4)))
    hits = made_of(one.application, [*rounds, *OTHERS])
    one.store(hits)
    assert one.count(AFTERNOON) == 1
    looked_from = []
    parts = near_parts.parts_of

    def parts_of(files: FactsRead, time: TimeRange) -> Any:
        looked_from.append(time.start)
        return parts(files, time)

    monkeypatch.setattr(near_parts, "parts_of", parts_of)
    reporting = Reporting(one.database, one.readers, hits)
    assert reporting.rows(**DAYS, measures=WHOLE) == [without_sums(counted(hits, hits), WHOLE)]
    compare_pages(reporting, hits, DAYS)
    compare_sources(reporting, hits, DAYS, measures=("sessions,bounce_rate",))
    assert min(looked_from[1:]) <= MIDNIGHT - timedelta(hours=60) or rounds is not ROUND_THE_CLOCK


@pytest.fixture
def looked_up(tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch) -> tuple[Reporting, list[Any]]:
    """Tallied visits, later ones, and a list that grows each time that it is looked up who was there before."""
    one = tallied_application
    hits = made_of(one.application, [hit(*told, referrer=None) for told in ((-60, "a"), (30, "a"), (40, "b"))])
    one.store(hits)
    assert one.count(AFTERNOON) == 1
    made: list[Any] = []
    make = seen_before._make
    monkeypatch.setattr(seen_before, "_make", lambda *args, **more: made.append(args[3]) or make(*args, **more))
    return Reporting(one.database, one.readers, hits), made


def test_what_was_seen_before_is_looked_up_once_for_all_that_a_page_shows(
    looked_up: tuple[Reporting, list[Any]],
) -> None:
    reporting, made = looked_up
    for dimension in ("browser", "device", "country"):
        [row] = reporting.rows(**DAYS, measures="visitors", dimensions=dimension)
        assert row["visitors"] == 2
    for dimension in ("source", "channel", "utm_campaign"):
        asked = {"measures": "visitors,requests", "dimensions": dimension, "filters": FROM_ELSEWHERE}
        [row] = reporting.rows(**DAYS, **asked)
        assert (row["visitors"], row["requests"]) == (2, 3)
    assert len(made) == 1
    reporting.rows(**DAYS, measures="visitors", interval="day")
    assert len(made) == 1, "of a day alone nobody was seen before"


def test_with_a_filter_whose_rows_are_read_for_a_whole_page_nobody_is_looked_up(
    looked_up: tuple[Reporting, list[Any]],
) -> None:
    reporting, made = looked_up
    by_device = {**DAYS, "dimensions": "device", "measures": "visitors", "filters": '[["device", "is_not", "phone"]]'}
    together = [by_device, {**by_device, "dimensions": "country"}, {**by_device, "dimensions": "source"}]
    [row] = reporting.rows(together=together, **by_device)
    assert (row["visitors"], made) == (2, [])
    [row] = reporting.rows(**by_device, limit="5")
    assert (row["visitors"], len(made)) == (2, 1), "asked alone it is answered by the tally"


def test_what_finds_no_room_to_be_looked_up_is_asked_of_all_days(
    looked_up: tuple[Reporting, list[Any]], tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting, made = looked_up
    monkeypatch.setattr(passing_files, "IDLE_SECONDS", 600)
    passing = reporting.readers.kept.passing
    [row] = reporting.rows(**DAYS, measures="requests")
    assert (row["requests"], {file.path.name[:5] for file in passing._files.values()}) == (3, {"tally"})
    passing.folder = passing.folder / "not there" if passing.folder else None
    [row] = reporting.rows(**DAYS, measures="visitors,sessions,bounce_rate")
    assert row == {"visitors": 2, "sessions": 3, "bounce_rate": 1}
    *_, row = reporting.rows(**DAYS, measures="visitors", interval="month")  # They may begin in the month before.
    assert (row["visitors"], len(made)) == (2, 1), "it was tried once"
    assert tallied_application.has_tally, "there is nothing wrong with it"


def test_of_pages_only_those_that_may_be_shown_are_looked_up(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/5 has five visitors before this day, /4 four, and so on; today two come to /3, one of whom it had before."""
    one = tallied_application
    before = [hit(-60 - number, f"v{number}", page=f"/{page}") for page in range(6) for number in range(page)]
    hits = made_of(one.application, [*before, hit(30, "v0", page="/3"), hit(40, "new", page="/3"), hit(50, "v0")])
    one.store(hits)
    assert one.count(AFTERNOON) == 1
    looked_up = []
    new_on_pages = tallied.new_on_pages

    def noted(*args: Any) -> Any:
        looked_up.append(sorted(args[4]))
        return new_on_pages(*args)

    monkeypatch.setattr(tallied, "new_on_pages", noted)
    reporting = Reporting(one.database, one.readers, hits)
    asked = {**DAYS, "measures": "visitors,requests", "dimensions": "page", "limit": "1"}
    [row] = reporting.rows(**asked)
    assert row == {"page": "/5", "visitors": 5, "requests": 5}
    assert looked_up == [["/3", "/4", "/5"]], "no other can have four or more"
    [row] = reporting.rows(**asked, filters='[["page", "is", "/3"]]')
    assert row == {"page": "/3", "visitors": 4, "requests": 5}
    [row] = reporting.rows(**asked, order="visitors")
    assert (row["visitors"], len(looked_up)) == (1, 2), "the fewest are told apart in the usual way"
