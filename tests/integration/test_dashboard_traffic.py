"""An application's page: its numbers are those of the API, what is in them is text, a server may be unavailable."""

import html
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
import pytest

from tests.integration.conftest import MovableClock
from tests.support.browsing import Browsing, cards, chart_rows, heading, text_of
from tests.support.counted import fold_everything
from tests.support.managing import Managing, data
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tests.support.raw_hits import count_days, execute, fill
from tests.support.servers_away import postgres_away, redis_away
from tracker.application import Application
from tracker.embedded import Postgres, Valkey
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
FIRST = 8  # Days ago: the first one with hits of the fixture `counted`.
HOSTILE = "<script>alert('x')</script>\"'&{{ 7*7 }}"


def days_ago(days: int) -> date:
    """Return a day, as it is for the test: the suite may have begun the day before."""
    return datetime.now(UTC).date() - timedelta(days=days)


@pytest.fixture
def browsing(managing: Managing, application_key: str) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


@pytest.fixture
def counted(database: Database, application: Application) -> None:
    start = datetime.combine(days_ago(FIRST), time(), UTC)
    visitor = {"client_sub_id": "'v' || n % 40", "session_id": "'s' || n % 90"}
    fill(database, application, 400, start=start, every="30 minutes", **visitor)
    fill(database, application, 50, start=start + timedelta(days=4, seconds=7), every="1 minute", **visitor)
    count_days(database, days_ago(FIRST), days_ago(0))


@pytest.fixture
def few(database: Database, application: Application) -> None:
    fill(database, application, 3, start=datetime.combine(days_ago(0), time(), UTC))
    count_days(database, days_ago(0), days_ago(0))


def shown(number: int, *, exact: bool = True) -> str:
    return f"{'' if exact else '≤'}{number:,}"


@pytest.mark.usefixtures("counted")
def test_the_numbers_are_those_of_the_api(managing: Managing, browsing: Browsing, application_key: str) -> None:
    for query, first, group_by in (
        ("", days_ago(6), "day"),
        ("?range=today", days_ago(0), "hour"),
        ("?range=30d", days_ago(29), "day"),
        ("?range=90d", days_ago(89), "day"),
        (f"?from={days_ago(1)}&to={days_ago(0)}", days_ago(1), "hour"),
        (f"?from={days_ago(158)}&to={days_ago(0)}", days_ago(158), "month"),
    ):
        page = browsing.get(HOME + query)
        asked = {"start_date": str(first), "end_date": str(days_ago(0)), "group_by": group_by}
        told = data(managing.get("/v1/statistics", key=application_key, query_string=asked))
        assert told["total_requests"] > 0
        assert cards(page) == {
            "requests": shown(told["total_requests"]),
            "visitors": shown(told["unique_visitors"], exact=told["unique_visitors_exact"]),
        }
        assert list(cards(page)) == ["visitors", "requests"]
        assert [(row[1], row[2]) for row in chart_rows(page)] == [
            (shown(row["requests"]), shown(row["unique_visitors"], exact=row.get("unique_visitors_exact", True)))
            for row in told["requests_by_date"]
        ], query


@pytest.mark.usefixtures("counted")
def test_times_are_whole_and_compared_with_the_ones_before(browsing: Browsing) -> None:
    assert len(chart_rows(browsing.get(f"{HOME}?range=12m"))) == 12
    day = browsing.get(f"{HOME}?range=24h")
    rows = chart_rows(day)
    assert len(rows) == 24
    assert cards(day)["requests"] == str(sum(int(row[1]) for row in rows))
    assert cards(day)["visitors"].startswith("≤")
    over = browsing.get(f"{HOME}?from={days_ago(FIRST - 3)}&to={days_ago(FIRST - 5)}")
    before = int(cards(browsing.get(f"{HOME}?from={days_ago(FIRST)}&to={days_ago(6)}"))["requests"])
    now = int(cards(over)["requests"])
    change = round(100 * (now - before) / before)
    assert f"+{change}% before: {before}" in text_of(over)


def test_what_goes_on_is_compared_up_to_the_last_full_hour(
    managing: Managing, database: Database, application: Application, application_key: str
) -> None:
    """At half past twelve: yesterday had two hits an hour, today has three."""
    noon = NOON + timedelta(days=1, minutes=30)
    clock = MovableClock()
    clock.advance((noon - clock.now()).total_seconds())
    managing.parts = replace(managing.parts, clock=clock)
    yesterday, today = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (NOON, noon))
    fill(database, application, 48, start=yesterday, every="30 minutes")
    fill(database, application, 39, start=today, every="20 minutes", first=1)
    fill(database, application, 1, start=yesterday - timedelta(days=1), first=900)
    count_days(database, yesterday.date() - timedelta(days=1), today.date())
    browsing = Browsing(managing)
    browsing.sign_in(application_key)
    page = browsing.get(f"{HOME}?range=today")
    assert cards(page)["requests"] == "39"
    assert "Requests 39 +50% before: 24" in text_of(page), "36 in twelve hours, after 24"
    hours = browsing.get(f"{HOME}?range=24h")
    assert cards(hours)["requests"] == str(11 * 2 + 13 * 3)
    assert "before: 24" in text_of(hours), "without the hour that goes on, as what it is compared with"
    assert chart_rows(hours)[-1] == [f"{noon:%a, %b} {noon.day} 12:00 goes on", "3", "1", "2"]


@pytest.mark.usefixtures("counted")
def test_nothing_is_compared_with_a_time_in_which_nothing_was_counted_yet(browsing: Browsing) -> None:
    """Neither all of it nor a part of it: a week after three days of counting is no growth."""
    since = f"Counted since {(first := days_ago(FIRST)):%b} {first.day}, {first.year}: there is no earlier period"
    for query in ("", "?range=30d", "?range=90d", "?range=12m", f"?from={first}&to={days_ago(4)}"):
        page = browsing.get(HOME + query)
        assert int(cards(page)["requests"].replace(",", "")) > 200, query
        assert "before:" not in text_of(page), query
        assert 'class="change"' not in page.text
        assert since in text_of(page), query
        assert "“Before” is" not in text_of(page)
    whole = browsing.get(f"{HOME}?from={days_ago(FIRST - 3)}&to={days_ago(FIRST - 5)}")
    assert "before: 144" in text_of(whole)
    assert since not in text_of(whole)
    assert "before:" in text_of(browsing.get(f"{HOME}?range=24h"))


@pytest.mark.usefixtures("few")
def test_the_last_hours_are_compared_where_there_were_some_before(browsing: Browsing) -> None:
    first = browsing.get(f"{HOME}?range=24h")
    assert cards(first)["requests"] == "3"
    assert "before:" not in text_of(first)
    assert "Counted since" in text_of(first)


@pytest.mark.usefixtures("counted")
def test_arrows_lead_to_the_time_before_and_back(browsing: Browsing) -> None:
    arrow = re.compile(r'class="arrow" href="([^"]+)" title="[^"]+" aria-label="(\w+): ')
    [(to, label)] = arrow.findall(browsing.get(f"{HOME}?range=7d&pages=exit_pages").text)
    assert label == "Earlier", "nothing is in the future"
    assert to.startswith("?pages=exit_pages&amp;from="), "what else is chosen lasts"
    before = browsing.get(HOME + html.unescape(to))
    assert len(chart_rows(before)) == 7
    assert ("?pages=exit_pages&amp;range=7d", "Later") in arrow.findall(before.text)
    assert 'aria-current="true">This month</a>' in browsing.get(f"{HOME}?range=month").text


@pytest.mark.usefixtures("counted")
def test_a_bar_leads_to_the_page_of_its_day_or_month(browsing: Browsing) -> None:
    day = days_ago(4)
    page = browsing.get(f"{HOME}?range=30d&pages=exit_pages")
    to = f"?pages=exit_pages&amp;from={day}&amp;to={day}"
    assert page.text.count(f'<a href="{to}"') == 1, "in the table, which a keyboard reaches"
    assert page.text.count('<g class="column leads">') == 29
    assert page.text.count('<g class="column running leads">') == 1
    hours = browsing.get(f"{HOME}?from={day}&to={day}")
    assert cards(hours)["requests"] == "98"
    assert len(chart_rows(hours)) == 24
    assert "leads" not in hours.text
    months = chart_rows(browsing.get(f"{HOME}?range=12m"))
    links = re.findall(r'<th scope="row"><a href="([^"]+)"', browsing.get(f"{HOME}?range=12m").text)
    assert len(links) == 12
    last = browsing.get(HOME + html.unescape(links[-1]))
    assert cards(last)["requests"].replace(",", "") == months[-1][1].replace(",", "")


def test_parameters_show_their_values_and_nothing_in_them_is_markup(
    managing: Managing, browsing: Browsing, database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "colour", "string")
    define(database, application, "price", "number")
    values: list[Any] = [HOSTILE, "red", "red", "red"]
    enqueue(
        redis,
        [hit_of(application, n, custom_params={"colour": value, "price": n}) for n, value in enumerate(values, 1)],
    )
    drain(redis, database)
    fold_everything(database)
    managing.patch("/v1/applications/shop", {"name": f"Shop {HOSTILE}", "domain": None})
    page = browsing.get(f"{HOME}?range=7d")
    assert page.text.count("<script") == 1, "the dashboard's own"
    assert "{{ 7*7 }}" in page.text, "what visitors send is no template either"
    assert heading(page) == "Shop &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&#39;&amp;{{ 7*7 }}"
    told = text_of(page)
    assert "red 3 &lt;script&gt;" in told
    assert "Mean 2.5 Lowest 1 Highest 4 Sum 10" in told
    assert "<script" not in browsing.get(f"{HOME}/quality").text


def test_an_application_without_hits_shows_what_to_put_into_the_pages(browsing: Browsing) -> None:
    page = browsing.get(HOME)
    assert "Nothing has been counted yet" in text_of(page)
    assert '&lt;script async src="http://localhost/tracker.js" data-app-id="shop"&gt;' in page.text


@pytest.mark.usefixtures("few")
def test_a_time_without_hits_says_so(browsing: Browsing) -> None:
    page = browsing.get(f"{HOME}?from=2020-02-01&to=2020-02-29")
    assert "Nothing was counted in this period" in text_of(page)
    assert len(chart_rows(page)) == 29


def test_a_time_that_there_is_not_is_explained(browsing: Browsing) -> None:
    for query in (
        "?range=1y",
        "?range=%00",
        "?from=yesterday",
        "?from=2026-W01&to=2026-W02",
        "?from=1000-01-01&to=2026-01-01",
    ):
        page = browsing.get(HOME + query)
        assert (page.status_code, heading(page)) == (400, "That cannot be shown"), query
    assert "At most ten years" in text_of(browsing.get(f"{HOME}?from=2000-01-01"))


@pytest.mark.usefixtures("few")
def test_without_redis_the_numbers_are_there(browsing: Browsing, valkey: Valkey) -> None:
    with redis_away(valkey):
        page = browsing.get(HOME)
    assert page.status_code == 200
    assert int(cards(page)["requests"]) > 0
    assert "is not known at the moment" in text_of(page)


def test_without_postgresql_a_page_says_so_and_to_the_operator_why(
    managing: Managing, browsing: Browsing, postgres: Postgres
) -> None:
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    with postgres_away(postgres):
        told = text_of(operator.get())
        page = browsing.get(HOME)
        at_the_door = browsing.sign_in("alt_some_key")
    assert (page.status_code, heading(page)) == (503, "Not available at the moment")
    assert page.headers["Retry-After"]
    assert at_the_door.status_code == 503
    # A connection that was open may bring the server's farewell first.
    assert re.search("PostgreSQL (cannot be reached|is unavailable or busy): ", told)
    assert "PostgreSQL" not in page.text
    assert browsing.get(HOME).status_code == 200


@pytest.mark.usefixtures("few")
def test_a_new_site_and_a_log_show_no_zeros_of_what_they_do_not_have(
    browsing: Browsing, database: Database, application: Application
) -> None:
    page = browsing.get(HOME)
    assert cards(page).keys() == {"requests", "visitors"}
    assert "Visits" not in text_of(page)
    assert "before" not in text_of(page).lower().replace("received before", "")
    fill(database, application, 4, start=datetime.now(UTC) - timedelta(days=13), first=10, session_id="'s' || n")
    count_days(database, days_ago(13), days_ago(0))
    page = browsing.get(HOME)
    assert "before: 4" in text_of(page)
    assert "last full hour. Everything received" in text_of(page)


@pytest.mark.usefixtures("few")
def test_what_takes_too_long_ends_in_a_page(managing: Managing, browsing: Browsing, database_url: str) -> None:
    impatient = Database(database_url, name="impatient", patience=0.3)
    managing.parts = replace(managing.parts, reading=impatient)
    with psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE daily_statistics IN ACCESS EXCLUSIVE MODE")
        page = browsing.get(HOME)
    impatient.close()
    assert (page.status_code, heading(page)) == (503, "Not available at the moment")
    assert "Traceback" not in page.text


def test_data_quality_shows_what_was_left_out_refused_and_undefined(
    browsing: Browsing, database: Database, application: Application
) -> None:
    define(database, application, "colour", "string")
    parameters = {"custom_params": "jsonb_build_object('size', n % 3)"}
    fill(database, application, 12, start=datetime.now(UTC) - timedelta(minutes=1), **parameters)
    execute(database, "INSERT INTO filtered_hits VALUES (%s, date_trunc('hour', now()), 'bot', 1234)", application.id)
    execute(
        database, "INSERT INTO custom_parameter_refusals VALUES (%s, current_date, 'colour', 'type', 7)", application.id
    )
    execute(database, "INSERT INTO filtered_hits VALUES (%s, date_trunc('hour', now()), 'domain', 31)", application.id)
    told = text_of(browsing.get(f"{HOME}/quality"))
    assert "is not of the application&#39;s domain 31" in told
    assert "Bots and crawlers 1,234" in told
    assert "colour another type than defined 7" in told
    assert "size 12 100% 3 number" in told
    assert browsing.get(f"{HOME}/quality?range=12m").status_code == 400
