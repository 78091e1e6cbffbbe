"""Where visits came from, whatever is asked of them: as a plain count over the same hits says, and as goals do."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.reporting import BROWSERS, DAYS, Reporting, counted, path, reporting_of
from tests.support.settings_of import settings_of
from tests.support.told_visits import arrivals
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.hit import Hit
from tracker.reports import goals
from tracker.reports.zone_days import ZoneDays

FIRST = date(2026, 10, 24)
ZONE = "Europe/Berlin"
MEASURES = ("requests", "page_views", "visitors", "sessions", "views_per_session", "duration", "bounce_rate")
VALUES: dict[str, list[Any]] = {
    "page": ["/a", "/b", "/none"],
    "event": ["click", None],
    "browser": ["Chrome", None],
    "visit_source": ["Google", "blog.example", None],
    "visit_channel": ["search", "direct", "internal"],
    "visit_referrer": ["blog.example/post", None],
}
conditions = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(["is", "is_not"]), st.sampled_from(VALUES[name]))
)
PROPERTY = examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def reporting(database_of_all: str, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporting]:
    settings: Settings = settings_of(database_of_all, valkey.url, tmp_path_factory.mktemp("sources"))
    with reporting_of(settings) as made:
        yield made


def values(hits: list[Hit]) -> dict[int, dict[str, Any]]:
    """Return what each hit is told apart by, by its id."""
    came = arrivals(hits)
    referrers = {"Google": "google.de", "blog.example": "blog.example/post", None: None}
    return {
        hit.id: {
            "page": path(hit),
            "event": hit.event_name,
            "browser": BROWSERS[hit.user_agent],
            "visit_channel": came[hit.id][0],
            "visit_source": came[hit.id][1],
            "visit_referrer": referrers[came[hit.id][1]],
        }
        for hit in hits
    }


def fits(value: Any, comparison: str, wanted: Any) -> bool:
    return (value == wanted) == (comparison == "is")


@PROPERTY
@given(
    dimensions=st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=2, unique=True),
    filters=st.lists(conditions, max_size=2),
    measures=st.lists(st.sampled_from(MEASURES), min_size=1, max_size=4, unique=True),
    bounds=st.tuples(st.integers(0, 3), st.integers(0, 3)).map(sorted),
    others=st.booleans(),
)
def test_sources_of_visits_are_those_of_a_plain_count(  # noqa: PLR0917 fixtures
    reporting: Reporting,
    dimensions: list[str],
    filters: list[tuple[str, str, Any]],
    measures: list[str],
    bounds: list[int],
    others: bool,  # noqa: FBT001 hypothesis names it
) -> None:
    first, last = (FIRST + timedelta(days=number) for number in bounds)
    days = ZoneDays(first, last, ZONE)
    every = [hit for hit in reporting.hits if days.start <= hit.created_at < days.end]
    told = values(every)
    left = [hit for hit in every if all(fits(told[hit.id][name], how, value) for name, how, value in filters)]
    groups: dict[tuple[Any, ...], list[Hit]] = {}
    for hit in left:
        groups.setdefault(tuple(told[hit.id][name] for name in dimensions), []).append(hit)
    asked = {
        "start_date": str(first),
        "end_date": str(last),
        "dimensions": ",".join(dimensions),
        "measures": ",".join(measures),
        "filters": orjson.dumps(filters).decode(),
        "limit": "1000",
    }
    together = [asked, {**asked, "dimensions": "visit_channel"}, {**asked, "dimensions": "page"}] if others else []
    rows = reporting.rows(together=together, **asked)
    assert {tuple(row.pop(name) for name in dimensions): row for row in rows} == {
        key: {name: numbers[name] for name in measures}
        for key, some in groups.items()
        if (numbers := counted(some, every))
    }


@pytest.mark.parametrize("number", range(4))
def test_visits_by_source_are_those_of_goals(reporting: Reporting, number: int) -> None:
    day = str(FIRST + timedelta(days=number))
    days = ZoneDays(FIRST + timedelta(days=number), FIRST + timedelta(days=number), ZONE)
    report = goals.read(reporting.database, reporting.readers, app_id="shop", goals=[], days=days)
    rows = reporting.rows(start_date=day, end_date=day, dimensions="visit_source", measures="sessions")
    assert {row["visit_source"]: row["sessions"] for row in rows} == {row.source: row.visits for row in report.sources}
    assert sum(row["sessions"] for row in rows) == report.whole.visits > 0, "each visit has one source"


def test_a_page_within_the_site_has_the_sources_of_its_visits(reporting: Reporting) -> None:
    """What single hits say is another thing: most of a page's came from another page."""
    asked = {**DAYS, "filters": '[["page", "is", "/a"]]', "measures": "sessions"}
    of_hits = {row["source"] for row in reporting.rows(dimensions="source", **asked)}
    of_visits = reporting.rows(dimensions="visit_source", **asked)
    [whole] = reporting.rows(**asked)
    assert {row["visit_source"] for row in of_visits} == of_hits == {"Google", "blog.example", None}
    assert sum(row["sessions"] for row in of_visits) == whole["sessions"]
