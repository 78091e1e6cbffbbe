"""An application's traffic is no heavier than 200 KB with its files, whatever is read and whatever is filtered by."""

import html
import re
from datetime import timedelta
from urllib.parse import quote, urlencode, urljoin

import pytest

from tests.integration.test_dashboard_weight import HOME, MOST, pages_of, weight
from tests.support.browsing import Browsing
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tests.support.raw_hits import execute
from tracker.application import Application
from tracker.config import Settings
from tracker.management import segments, shares
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.traffic_filters import DIMENSIONS, MAX_BYTES, MAX_FILTERS

LONG = "春" * 300


@pytest.fixture
def operator(
    managing: Managing, database: Database, redis: Connection, application: Application, settings: Settings
) -> Browsing:
    """The operator, of an application that was read for three months, each panel of which has ten of the longest."""
    hits = []
    for number in range(100):
        unlike = f"{number % 10}"
        tags = "&".join(f"utm_{name}={unlike}{quote('春' * 300)}" for name in ("source", "campaign", "term"))
        hits.append(
            hit_of(
                application,
                number + 1,
                created_at=NOON - timedelta(days=number % 90, seconds=number),
                url=f"https://shop.example/{unlike}" + '"a' * 498 + (f"?{tags}" if number % 2 else ""),
                referrer=f"https://{unlike}.example/" + "x/&" * 300,
                event_name=unlike + '"' * 99 if number % 3 == 0 else None,
                session_id=str(number),
                client_sub_id=str(number),
            )
        )
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    for number in range(segments.MAX_SEGMENTS):
        filters = {f"{name}.is_not": f"{number}{LONG}"[:50] for name in DIMENSIONS[:MAX_FILTERS]}
        segments.create(database, "shop", name='"' * 255, filters=filters)
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


def follow(browsing: Browsing, path: str) -> tuple[str, str]:
    """The address to which one leads, and its page."""
    answer = browsing.get(path)
    if answer.status_code == 303:
        path = answer.location
        answer = browsing.get(path)
    assert answer.status_code == 200, path
    assert weight(browsing, answer) <= MOST, (path, weight(browsing, answer))
    return path, answer.text


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_is_light_whatever_was_read_and_filtered(operator: Browsing, language: str) -> None:
    operator.language = language
    for chosen in (
        {},
        {"page.contains": LONG},
        {"page.contains": "a", "page.is_not": "b" * 1000},
        {f"{name}.is_not": "x" * (MAX_BYTES // MAX_FILTERS) for name in DIMENSIONS[:MAX_FILTERS]},
    ):
        for panels in ("", "&sources=referrers&campaigns=utm_terms"):
            follow(operator, f"{HOME}?range=90d{panels}&{urlencode(chosen)}")


def test_all_parameters_are_there(
    managing: Managing, database: Database, redis: Connection, application: Application
) -> None:
    keys = [f"p{number:02}" + "x" * 90 for number in range(100)]
    for key in keys:
        define(database, application, key, "string")
    values = [f"{number}" + '"' * 1900 for number in range(9)]
    hits = [
        hit_of(application, n + 1, created_at=NOON - timedelta(days=1), custom_params=dict.fromkeys(keys, value))
        for n, value in enumerate(values)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    listed = [
        match
        for page in pages_of(opened, f"{HOME}?range=90d")
        for match in re.findall(r"<h3>(?:.*<code>)?(p\d\d)", page.text)
    ]
    assert listed == [key[:3] for key in keys]


def test_notes_are_light(
    managing: Managing, database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    enqueue(redis, [hit_of(application, n + 1, created_at=NOON - timedelta(days=n)) for n in range(90)])
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    execute(
        database,
        "INSERT INTO annotations (application_id, day, text) SELECT id, current_date - n % 90, repeat('\"', 500)"
        " FROM applications, generate_series(1, 200) AS n",
    )
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    _, page = follow(opened, f"{HOME}?range=90d")
    assert page.count('class="quiet" name="id"') == 10, "as many as there is room for"
    execute(database, "UPDATE annotations SET text = 'Sale'")
    _, page = follow(opened, f"{HOME}?range=90d")
    assert page.count('class="quiet" name="id"') == 20


def test_long_filters_are_taken_off_turned_round_added_to_and_saved(operator: Browsing, database: Database) -> None:
    """They stand in the path, which links that are queries keep; who follows one comes to what it says."""
    for segment in segments.list_(database, "shop")[1:]:
        segments.delete(database, "shop", str(segment.id))
    path, page = follow(operator, f"{HOME}?range=30d&device=phone&page.contains={quote(LONG)}")
    base, _, query = path.partition("?")
    assert (base.startswith(f"{HOME}/filtered/"), query) == (True, "range=30d")
    assert "?range=7d" in links(page), "another time keeps them, unsaid"
    assert 'name="page.contains"' not in page

    def there(link: str) -> tuple[str, str]:
        assert link in links(page), link
        return follow(operator, urljoin(path, link))

    assert there("?range=30d&without=0")[0] == f"{HOME}?range=30d&device=phone"
    assert there("?range=30d&without=all")[0] == f"{HOME}?range=30d"
    turned, of_others = there("?range=30d&turned=1")
    assert turned.startswith(f"{HOME}/filtered/")
    assert "Device is not Phone" in of_others
    segment = segments.list_(database, "shop")[0]
    _, chosen = there(f"?range=30d&saved={segment.id}")
    assert chosen.count('class="chip"') == MAX_FILTERS
    assert 'aria-current="true"' in chosen.partition('class="segments"')[2].partition("</ul>")[0]
    more, both = follow(operator, f"{base}?range=30d&filter_by=country&filter_how=is&filter_value=Japan")
    assert both.count('class="chip"') == 3
    assert re.search(r'data-part="panel"', both), "parts of the page are match beside it"
    _, values = follow(operator, urljoin(more, "values?panel=pages&range=30d"))
    assert values.count('class="chip"') == 3
    assert "./?range=30d" in links(values), "back to the traffic"
    assert operator.get(urljoin(more, "panel.csv?panel=pages")).mimetype == "text/csv"
    assert operator.get(urljoin(more, "panel?group=pages")).status_code == 200
    assert operator.get(f"{HOME}/filtered/%C3%A9/").status_code == 404
    [filters] = re.findall(r'name="filters" value="([^"]*)"', both)
    fields = {"action": "add", "name": "Long", "filters": html.unescape(filters), "next": more}
    assert operator.post(f"{HOME}/segments", **fields).location == more
    assert segments.list_(database, "shop")[-1].filters == {"page.contains": LONG, "device": "phone", "country": "JP"}
    token = shares.create(database, "shop", name="Board")[1]
    shared = Browsing(operator.managing)
    path, page = follow(shared, f"/dashboard/share/{token}?page.contains={quote(LONG)}")
    assert path.startswith(f"/dashboard/share/{token}/filtered/")
    assert links(page).count("?range=90d") == 1


def links(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]
