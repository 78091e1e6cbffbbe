"""Lists hold as much of what is stored as a page of 200 KB with its files has room for, however long that is."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from tests.support.browsing import Browsing
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tests.support.raw_hits import execute
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
MOST = 200_000
"""Bytes of a page, with its files."""


@pytest.fixture
def browsing(managing: Managing, application_key: str) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


def weight(browsing: Browsing, page: TestResponse) -> int:
    files = set(re.findall(r'(?:href|src)="(/dashboard/files/[^"]+)"', page.text))
    return len(page.data) + sum(len(browsing.get(path).data) for path in files)


def pages_of(browsing: Browsing, path: str, next_page: str = "Next page") -> Iterator[TestResponse]:
    """Every page of a list, from the first one on; each is light."""
    following: str | None = path
    while following:
        page = browsing.get(following)
        assert page.status_code == 200, following
        assert weight(browsing, page) <= MOST, (following, weight(browsing, page))
        yield page
        link = re.search(rf'<a href="([^"]*)">{next_page}</a>', page.text)
        following = path.partition("?")[0] + html.unescape(link[1]) if link else None


@pytest.mark.parametrize("panel", ["pages", "referrers", "events", "campaigns"])
def test_all_values_are_there_on_pages_that_are_light(  # noqa: PLR0917 fixtures
    browsing: Browsing,
    database: Database,
    redis: Connection,
    application: Application,
    settings: Settings,
    panel: str,
) -> None:
    hits = []
    for number in range(250):
        words = {
            "pages": {"url": f"https://shop.example/{number:03}/" + "a/'b" * 180},
            "referrers": {"referrer": f"https://{number:03}.example/" + "x/&" * 60, "session_id": str(number)},
            "events": {"event_name": f"{number:03}" + "日本" * 48},
            "campaigns": {
                "url": f"https://shop.example/?utm_campaign={number:03}" + quote("春" * 300),
                "session_id": str(number),
            },
        }[panel]
        hits.append(hit_of(application, number + 1, created_at=NOON - timedelta(days=1, seconds=number), **words))
    enqueue(redis, hits)
    drain(redis, database)
    make_facts(database, settings.facts_url)
    listed = list(pages_of(browsing, f"{HOME}/values?panel={panel}"))
    numbers = [re.search(r"[0-9]{3}", re.sub("<[^>]*>", "", row))[0] for page in listed for row in _rows(page)]  # type: ignore[index]
    assert sorted(numbers) == [f"{number:03}" for number in range(250)]
    assert len(listed) > 1
    assert all(len(page.data) > 60_000 for page in listed[:-1]), "and not more pages than it takes"
    assert 'title="' not in "".join(_rows(listed[0])), "what is shown whole is not said twice"
    assert _rows(browsing.get(f"{HOME}/values?panel={panel}&after=250")) == _rows(listed[0]), "it is shorter by now"
    assert browsing.get(f"{HOME}/values?panel={panel}&after=x").status_code == 400


def _rows(page: TestResponse) -> list[str]:
    return re.findall(r'<tr><th scope="row">.*?</th>', page.text)


def test_every_key_is_there_on_pages_that_are_light(
    browsing: Browsing, database: Database, application: Application
) -> None:
    execute(
        database,
        "INSERT INTO api_keys (application_id, key_hash, name, permissions, created_at)"
        " SELECT %s, sha256(n::text::bytea), lpad(n::text, 3, '0') || repeat('\"', 252), %s, now() + n * interval '1 s'"
        " FROM generate_series(1, 120) AS n",
        application.id,
        '{"track": true, "stats:read": true, "export:read": true, "settings:write": true, "keys:write": true,'
        ' "params:write": true, "webhooks:write": true}',
    )
    listed = list(pages_of(browsing, f"{HOME}/keys"))
    names = [name for page in listed for name in re.findall(r'<h2 class="wrap">(First key|[0-9]{3})', page.text)]
    assert names == ["First key", *(f"{number:03}" for number in range(1, 121))]
    assert len(listed) == 3
    refused = browsing.post(f"{HOME}/keys?after=100", action="revoke", id="none")
    assert "120&#34;" in refused.text, "where it was pressed"


LISTS = {
    "/dashboard/operations": (
        "INSERT INTO batch_queue (tracking_data, status, processed_at, error_message) SELECT"
        " jsonb_build_object('app_id', repeat('a', 50)), 'failed', now(), n || repeat(' <b>', 200)"
        " FROM generate_series(1, 150) AS n"
    ),
    "/dashboard": (
        "INSERT INTO applications (app_id, name, api_key_hash) SELECT lpad(n::text, 50, 'a'), repeat('\"', 255),"
        " md5(n::text) FROM generate_series(1, 40) AS n"
    ),
    f"{HOME}?range=7d": (
        "INSERT INTO annotations (application_id, day, text) SELECT id, current_date - n % 7, repeat('\"', 500)"
        " FROM applications, generate_series(1, 200) AS n"
    ),
}


@pytest.mark.parametrize("path", LISTS)
def test_other_lists_of_what_is_stored_are_light(
    managing: Managing, database: Database, application: Application, path: str
) -> None:
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    execute(database, LISTS[path])
    assert len(list(pages_of(operator, path))) >= 1
