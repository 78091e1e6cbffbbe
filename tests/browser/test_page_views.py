import os
import signal
import subprocess
from pathlib import Path

from playwright.sync_api import Page, Playwright, expect

from tests.browser.conftest import CHROMIUM, FLAGS, SOMEBODY, Tracked, Visit, launch, somebody, tag_of
from tests.browser.gate import Gate
from tests.browser.site import Site
from tests.support.waiting import wait_until


def paths(rows: list[dict[str, object]], site: Site) -> list[str]:
    return [str(row["url"]).removeprefix(site.origin) for row in rows]


def test_a_page_view_says_what_the_browser_knows(page: Page, site: Site, tracked: Tracked) -> None:
    page.goto(site.url("/shoes?size=42#top"), referer="http://127.0.0.1/search")
    (row,) = tracked.wait_for(1)
    assert row["url"] == site.url("/shoes?size=42#top")
    assert row["referrer"] == "http://127.0.0.1/search"
    assert row["event_name"] == "page_view"
    assert row["language"] == "ja-JP"
    assert row["timezone"] == "Asia/Tokyo"
    assert row["screen_resolution"] == "1280x720"
    assert len(row["session_id"]) == 36
    assert row["client_sub_id"] is None
    assert row["custom_params"] in (None, {})
    assert page.context.cookies() == []


def test_a_hit_needs_no_preflight_and_no_cookie(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    page.goto(site.url("/"))
    tracked.wait_for(1)
    (request,) = gate.requests
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "text/plain;charset=UTF-8"
    assert request.headers["Origin"] == site.origin
    assert "Cookie" not in request.headers


def test_new_urls_of_the_history_are_page_views_and_equal_ones_are_none(
    page: Page, site: Site, tracked: Tracked
) -> None:
    page.goto(site.url("/"))
    tracked.wait_for(1)
    assert page.evaluate("history.pushState({n: 1}, '', '/a') === undefined && history.state.n") == 1
    tracked.wait_for(2)
    page.evaluate("history.pushState({}, '', '/a')")
    page.evaluate("history.replaceState({}, '', '/a')")
    page.evaluate("history.replaceState({}, '', '/a#section')")
    page.evaluate("history.replaceState({}, '', '/b')")
    tracked.wait_for(3)
    page.evaluate("history.go(-2)")
    rows = tracked.wait_for(4)
    assert paths(rows, site) == ["/", "/a", "/b", "/"]
    assert [row["referrer"] for row in rows] == [None, *(site.url(path) for path in ("/", "/a", "/b"))]
    assert len({row["session_id"] for row in rows}) == 1


def test_an_error_of_the_history_stays_the_pages_own(page: Page, site: Site, tracked: Tracked) -> None:
    page.goto(site.url("/"))
    tracked.wait_for(1)
    thrown = "(() => { try { history.pushState({}, '', 'https://elsewhere.example/') } catch (e) { return e.name } })()"
    assert page.evaluate(thrown) == "SecurityError"


def test_hash_routes_count_when_asked(page: Page, site: Site, gate: Gate, tracked: Tracked) -> None:
    url = site.page("/app", head=tag_of(gate, tracked, "data-hash-routes"))
    page.goto(url + "#/one")
    tracked.wait_for(1)
    page.evaluate("location.hash = '#/two'")
    page.evaluate("location.hash = '#/two'")
    rows = tracked.wait_for(2)
    assert paths(rows, site) == ["/app#/one", "/app#/two"]


def test_a_page_out_of_the_back_forward_cache_is_seen_again(
    playwright: Playwright, site: Site, tracked: Tracked
) -> None:
    shown = "<script>addEventListener('pageshow', e => document.title = e.persisted ? 'restored' : 'loaded')</script>"
    url = site.page("/first", shown)
    # The engine alone has no such cache.
    browser = launch(playwright, CHROMIUM, ignore_default_args=["--disable-back-forward-cache"])
    try:
        page = somebody(browser).new_page()
        page.goto(url)
        expect(page).to_have_title("loaded")
        tracked.wait_for(1)
        page.goto(site.url("/second"))
        tracked.wait_for(2)
        page.evaluate("setTimeout(() => history.back())")
        rows = tracked.wait_for(3)
        assert paths(rows, site) == ["/first", "/second", "/first"]
        expect(page).to_have_title("restored")
    finally:
        browser.close()


def test_a_page_that_is_only_prerendered_is_not_seen(tmp_path: Path, site: Site, tracked: Tracked, gate: Gate) -> None:
    """In a browser that nobody steers, since one that is steered runs no scripts while it prerenders."""
    rules = '{"prerender": [{"urls": ["/next"], "eagerness": "immediate"}]}'
    leave = """(async () => {
        while (!(await (await fetch('/leave')).text()).includes('at once')) {
            await new Promise(resolve => setTimeout(resolve, 50))
        }
        ALT.trackEvent('leaving')
        location.href = '/next'
    })()"""
    site.page("/next", "<script>fetch('/runs?' + document.prerendering)</script>")
    url = site.page("/", f"<script>{leave}</script><script type=speculationrules>{rules}</script>")
    command = [CHROMIUM, *FLAGS, f"--user-agent={SOMEBODY}", f"--user-data-dir={tmp_path}", url]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as chromium:
        try:
            # The page's scripts do run while it is prerendered.
            wait_until(lambda: "/runs?true" in site.asked)
            assert paths(tracked.wait_for(1), site) == ["/"]
            site.page("/leave", "at once")
            rows = tracked.wait_for(3)
        finally:
            os.killpg(chromium.pid, signal.SIGTERM)
    # The last two are sent at the same moment.
    assert sorted(paths(rows, site)) == ["/", "/", "/next"]
    assert sorted(row["event_name"] for row in rows) == ["leaving", "page_view", "page_view"]
    assert len(gate.hits) == 3


def test_while_a_page_is_prerendered_nothing_is_sent(visit: Visit, site: Site, tracked: Tracked, gate: Gate) -> None:
    """The same where the test can watch the page itself: the browser only says that it prerenders."""
    script = "Object.defineProperty(document, 'prerendering', {get: () => !window.activated})"
    with visit(script) as page:
        page.goto(site.url("/"))
        page.wait_for_function("window.ALT")
        page.evaluate("ALT.trackEvent('early')")
        assert gate.hits == []
        page.evaluate("activated = true; document.dispatchEvent(new Event('prerenderingchange'))")
        rows = tracked.wait_for(2)
    assert {row["event_name"] for row in rows} == {"page_view", "early"}
