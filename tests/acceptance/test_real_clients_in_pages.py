"""Other trackers' scripts in Chromium, the page on one origin and the receiver on another.

`make test-clients` runs this. Each call is stored with its application, address, referrer, event, data and visitor.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.support.client_packages import ALIASES, CLIENTS, node_modules, umami_script
from tests.support.needed import need
from tests.support.receiving import queued_hits
from tests.support.servers_away import postgres_away, redis_away
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.embedded import Postgres, Valkey
from tracker.hit import Hit
from tracker.management import applications, settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("application")]

CHROMIUM = Path("/usr/bin/chromium")
SITE = "http://localhost:9"
SEARCH = "https://search.example/"
UNREADABLE = 0
"""The status of an answer that the browser keeps from the page."""
SOMEBODY = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need(CHROMIUM.exists(), f"{CHROMIUM} is missing: apt-get install chromium")
    # The page comes from nowhere that the browser knows, and might not call this machine otherwise.
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-features=LocalNetworkAccessChecks"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def server(
    environment: dict[str, str], redis: Connection, database: Database, application: Application, tmp_path: Path
) -> Iterator[Serving]:
    dialects = "original,matomo,umami,plausible,goatcounter,segment,ga4"
    settings.change(database, application.app_id, {"dialects": dialects, "aliases": ALIASES})
    with serving(environment, tmp_path) as running:
        yield running


@contextmanager
def visit(browser: Browser, server: Serving, path: str, statuses: list[int] | None = None) -> Iterator[Page]:
    """A page of `tests/data/clients/pages`, come to from a search; no error may reach it.

    The statuses of the receiver's answers are added to `statuses`.
    """
    context = browser.new_context(user_agent=SOMEBODY, locale="ja-JP", timezone_id="Asia/Tokyo")
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})")
    context.add_init_script(f"window.BASE = 'http://127.0.0.1:{server.port}'")
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route(f"{SITE}/**", _serve)
    if statuses is not None:
        here = f":{server.port}/"
        page.on("response", lambda answer: statuses.append(answer.status) if here in answer.url else None)
        page.on("requestfailed", lambda request: statuses.append(UNREADABLE) if here in request.url else None)
    try:
        page.goto(f"{SITE}/{path}", referer=SEARCH)
        yield page
        assert errors == []
    finally:
        context.close()


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(f"{SITE}/").partition("?")[0].partition("#")[0]
    if path.endswith(".html"):
        route.fulfill(path=CLIENTS / "pages" / path, content_type="text/html")
    elif path == "umami.js":
        route.fulfill(path=umami_script(), content_type="text/javascript")
    elif path == "favicon.ico":
        route.fulfill(status=404)
    else:
        # Imports within a package leave the ending out.
        file = node_modules() / (path if path.endswith(("js", "mjs")) else f"{path}.js")
        route.fulfill(path=file, content_type="text/javascript")


def wait_for_status(page: Page, statuses: list[int], wanted: set[int]) -> None:
    """Until the receiver has answered one of these; the browser is served meanwhile."""

    def is_there() -> bool:
        page.wait_for_timeout(20)
        return bool(wanted & set(statuses))

    wait_until(is_there)


def wait_for(redis: Connection, page: Page, count: int) -> dict[str, Hit]:
    """The hits by their event, as soon as there are so many; the browser is served meanwhile."""

    def are_there() -> bool:
        page.wait_for_timeout(20)
        return len(queued_hits(redis)) >= count

    wait_until(are_there)
    hits = queued_hits(redis)
    assert len(hits) == count, [hit.event_name for hit in hits]
    assert {hit.app_id for hit in hits} == {"shop"}
    assert {hit.user_agent for hit in hits} == {SOMEBODY}
    return {str(hit.event_name): hit for hit in hits}


def about(hit: Hit) -> tuple[str | None, str | None, Any]:
    return hit.url, hit.referrer, hit.event_data


def test_plausible(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "plausible.html?x=1") as page:
        hits = wait_for(redis, page, 3)
    url = f"{SITE}/plausible.html?x=1"
    assert about(hits["page_view"]) == (url, SEARCH, None)
    assert about(hits["older event"]) == (url, SEARCH, {"plan": "pro"})
    assert about(hits["newer event"]) == (url, SEARCH, {"plan": "pro", "revenue": 9.5, "currency": "EUR"})


def test_umami(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "umami.html?x=%20%7C") as page:
        wait_for(redis, page, 4)
    views = [hit for hit in queued_hits(redis) if hit.event_name == "page_view"]
    event, identified = (
        next(hit for hit in queued_hits(redis) if hit.event_name == name) for name in ("umami event", "identify")
    )
    # The script names the host without its port, and no scheme.
    url = "https://localhost/umami.html?x=%20%7C"
    assert [about(hit) for hit in views] == [
        (url, SEARCH, None),
        ("https://localhost/shop/%E3%81%82%20b?x=1", url, None),
    ]
    assert {hit.custom_params["title"] for hit in views if hit.custom_params} == {"100 % あ"}
    assert about(event) == about(identified) == (url, SEARCH, {"plan": "pro"})
    assert (event.screen_resolution, event.language) == ("1280x720", "ja-JP")


def test_segment(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "segment.html?x=1") as page:
        hits = wait_for(redis, page, 4)
    url = f"{SITE}/segment.html?x=1"
    assert about(hits["page_view"]) == (url, SEARCH, {"name": "Home"})
    assert about(hits["segment event"]) == (url, SEARCH, {"plan": "pro"})
    assert about(hits["identify"]) == (url, SEARCH, {"plan": "pro"})
    assert about(hits["group"]) == (url, SEARCH, {"group_id": "group-1", "plan": "team"})
    visitors = [hits[name].client_sub_id for name in ("page_view", "segment event", "identify", "group")]
    assert visitors[0] == visitors[1] is not None
    assert visitors[2:] == ["visitor-1", "visitor-1"]
    assert (hits["page_view"].language, hits["page_view"].timezone) == ("ja-JP", "Asia/Tokyo")


def test_segment_in_batches(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "segment.html#batches") as page:
        hits = wait_for(redis, page, 2)
    assert set(hits) == {"page_view", "segment event"}


def test_rudderstack(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "rudderstack.html?x=1") as page:
        hits = wait_for(redis, page, 3)
    url = f"{SITE}/rudderstack.html?x=1"
    assert (hits["page_view"].url, hits["page_view"].referrer) == (url, SEARCH)
    assert about(hits["rudder event"]) == (url, SEARCH, {"plan": "pro"})
    assert about(hits["identify"]) == (url, SEARCH, {"plan": "pro"})
    assert hits["identify"].client_sub_id == "visitor-1"
    # The session goes on while the visitor gets another name.
    assert len({hit.session_id for hit in hits.values()}) == 1


def test_rudderstack_by_beacon(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "rudderstack.html#beacon") as page:
        hits = wait_for(redis, page, 3)
    assert set(hits) == {"page_view", "rudder event", "identify"}


def test_jitsu(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "jitsu.html?x=1") as page:
        hits = wait_for(redis, page, 3)
    url = f"{SITE}/jitsu.html?x=1"
    assert hits["page_view"].url == url
    assert about(hits["jitsu event"]) == (url, SEARCH, {"plan": "pro"})
    assert (hits["identify"].client_sub_id, hits["identify"].event_data) == ("visitor-1", {"plan": "pro"})


def test_ga4(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "ga4.html?x=1") as page:
        hits = wait_for(redis, page, 1)
    view = hits["page_view"]
    assert about(view) == (f"{SITE}/ga4.html?x=1", SEARCH, None)
    assert view.client_sub_id is not None
    assert view.session_id is not None
    assert view.session_id.startswith(view.client_sub_id)


def test_what_the_scripts_that_no_registry_has_do(browser: Browser, server: Serving, redis: Connection) -> None:
    with visit(browser, server, "unpublished.html?x=1") as page:
        wait_for(redis, page, 3)
    hits = {hit.event_name if hit.client_sub_id is None else "matomo": hit for hit in queued_hits(redis)}
    assert about(hits["matomo"]) == (f"{SITE}/unpublished.html?x=1", SEARCH, None)
    assert hits["matomo"].client_sub_id == "0123456789abcdef"
    # GoatCounter's script tells the path alone, and Chromium the origin.
    assert about(hits["page_view"]) == (f"{SITE}/goat", SEARCH, None)
    assert "goat event" in hits


@pytest.mark.parametrize("refused", [404, 403])
def test_no_refusal_reaches_a_page(
    browser: Browser, server: Serving, redis: Connection, database: Database, refused: int
) -> None:
    if refused == 404:
        settings.set_(database, "shop", "dialects", "original")
    else:
        applications.update(database, "shop", {"domain": "elsewhere.example"})
    asked = f"GET /matomo.php?idsite=7&url=x HTTP/1.1\r\nHost: t\r\nOrigin: {SITE}\r\nConnection: close\r\n\r\n"
    # Both processes of the receiver have heard of it.
    wait_until(lambda: all(str(refused).encode() in server.ask(asked.encode())[0][:12] for _ in range(20)))
    hits = len(queued_hits(redis))
    for path in sorted(page.name for page in (CLIENTS / "pages").glob("*.html")):
        statuses: list[int] = []
        with visit(browser, server, path, statuses) as page:
            wait_for_status(page, statuses, {refused, UNREADABLE})
            page.wait_for_timeout(500)
        assert set(statuses) <= {refused, 204, UNREADABLE}, path
    assert len(queued_hits(redis)) == hits


@pytest.fixture
def all_away(postgres: Postgres, valkey: Valkey) -> Callable[[], AbstractContextManager[None]]:
    """Nowhere to put a hit: neither Redis nor PostgreSQL."""

    @contextmanager
    def away() -> Iterator[None]:
        with redis_away(valkey), postgres_away(postgres):
            yield

    return away


@pytest.mark.parametrize("page_and_hits", [("segment.html", 4), ("segment.html#batches", 2), ("rudderstack.html", 3)])
def test_what_is_refused_for_now_comes_again_and_is_stored_once(
    browser: Browser,
    server: Serving,
    redis: Connection,
    all_away: Callable[[], AbstractContextManager[None]],
    page_and_hits: tuple[str, int],
) -> None:
    path, count = page_and_hits
    statuses: list[int] = []
    with ExitStack() as away:
        away.enter_context(all_away())
        with visit(browser, server, path, statuses) as page:
            wait_for_status(page, statuses, {429})
            away.close()
            wait_for(redis, page, count)
            # Nothing comes a second time.
            page.wait_for_timeout(2000)
            wait_for(redis, page, count)
