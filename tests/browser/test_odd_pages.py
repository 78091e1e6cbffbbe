"""Pages that do things otherwise: labels, shadow roots, routers, modules, frames without an address, credentials."""

import base64
import contextlib

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Tracked, Visit, tag_of
from tests.browser.gate import Gate
from tests.browser.site import Site
from tests.browser.test_manners import DNT, GPC
from tests.support.waiting import wait_until
from tracker.demo import stack

SHADOW = """<div id=host></div><script>
  host.attachShadow({mode: "open"}).innerHTML =
    "<button data-alt-event=inside data-alt-param-place=shadow><b id=deep>In a shadow root</b></button>";
</script>"""


def test_a_click_counts_once_on_a_label_and_also_in_a_shadow_root(page: Page, site: Site, tracked: Tracked) -> None:
    label = "<label data-alt-event=agreed><span id=words>I agree</span><input type=checkbox id=box></label>"
    page.goto(site.page("/", label + SHADOW))
    page.wait_for_function("window.ALT")
    page.click("#words")
    page.click("#box")
    page.click("#deep")
    rows = tracked.wait_for(4)
    assert [row["event_name"] for row in rows] == ["page_view", "agreed", "agreed", "inside"]
    assert rows[3]["custom_params"] == {"place": "shadow"}
    assert page.is_checked("#box") is False


def test_routers_that_call_neither_history_nor_its_methods_are_seen(page: Page, site: Site, tracked: Tracked) -> None:
    page.goto(site.url("/"))
    page.wait_for_function("window.ALT")
    page.evaluate("""async () => {
        navigation.addEventListener('navigate', event => event.intercept({handler: async () => {}}))
        await navigation.navigate('/navigated').finished
        History.prototype.pushState.call(history, {}, '', '/pushed')
    }""")
    # Requests that are sent at the same moment may arrive in any order.
    seen = sorted(row["url"] for row in tracked.wait_for(3))
    assert seen == [site.url(path) for path in ("/", "/navigated", "/pushed")]


def test_page_views_can_be_left_to_the_page_and_queries_ignored(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    page.goto(
        site.page("/", head=tag_of(gate, tracked, "data-auto-page-views=false")), referer="http://127.0.0.1/before"
    )
    page.wait_for_function("window.ALT")
    page.evaluate("history.pushState({}, '', '/own')")
    page.evaluate("ALT.trackPageView()")
    (row,) = tracked.wait_for(1)
    assert (row["url"], row["referrer"]) == (site.url("/own"), "http://127.0.0.1/before")
    page.goto(site.page("/search", head=tag_of(gate, tracked, "data-ignore-query")))
    tracked.wait_for(2)
    page.evaluate(
        "[...'shoes'].forEach((_, n, all) => history.replaceState({}, '', '?q=' + all.slice(0, n + 1).join('')))"
    )
    page.evaluate("history.pushState({}, '', '/found?q=shoes')")
    rows = tracked.wait_for(3)
    assert [row["url"] for row in rows[1:]] == [site.url("/search"), site.url("/found?q=shoes")]


def test_a_module_works_with_enough_settings_and_else_says_what_is_missing(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "warning" else None)
    settings = f"ALT_CONFIG = {{app_id: '{tracked.app_id}', endpoint: '{gate.origin}/v1/track'}}"
    module = f"<script>{settings}</script><script type=module>import('{gate.origin}/tracker.js')</script>"
    page.goto(site.page("/module", head=module))
    tracked.wait_for(1)
    page.goto(
        site.page(
            "/tag", head=f'<script type=module src="{gate.origin}/tracker.js" data-app-id={tracked.app_id}></script>'
        )
    )
    tracked.wait_for(2)
    assert said == []
    lacking = (
        f"<script>ALT_CONFIG = {{app_id: 'x'}}</script><script type=module>import('{gate.origin}/tracker.js')</script>"
    )
    with page.expect_console_message(lambda message: message.type == "warning") as warning:
        page.goto(site.page("/lacking", head=lacking))
    assert warning.value.text == "ALT: no endpoint is given"


def test_a_frame_without_an_address_has_that_of_the_page_around_it_or_none(
    page: Page, site: Site, tracked: Tracked
) -> None:
    frame = site.tag.replace('"', "&quot;")
    page.goto(site.page("/around", f'<iframe srcdoc="{frame}<p>secret"></iframe>', head=""))
    assert [row["url"] for row in tracked.wait_for(1)] == [site.url("/around")]
    data = base64.b64encode(f"{site.tag}<p>secret".encode()).decode()
    page.goto(site.page("/data", f'<iframe src="data:text/html;base64,{data}"></iframe>', head=""))
    rows = tracked.wait_for(2)
    assert rows[1]["url"] in (None, site.url("/data"), f"{site.origin}/")
    script = f"frame.src = URL.createObjectURL(new Blob([atob('{data}')], {{type: 'text/html'}}))"
    blob = f"<iframe id=frame></iframe><script>{script}</script>"
    page.goto(site.page("/blob", blob, head=""))
    assert tracked.wait_for(3)[2]["url"] == site.url("/blob")


@pytest.mark.parametrize(("script", "word"), [(GPC, "GPC"), (DNT, "DNT")])
def test_a_browser_that_asks_not_to_be_counted_says_so_once_and_is_counted_as_left_out_where_that_is_wanted(
    visit: Visit, site: Site, tracked: Tracked, gate: Gate, *, script: str, word: str
) -> None:
    said: list[str] = []
    with visit(script) as page:
        page.on("console", lambda message: said.append(message.text) if message.type == "info" else None)
        page.goto(site.page("/", head=tag_of(gate, tracked, "data-count-left-out")))
        page.wait_for_function("window.ALT")
        wait_until(lambda: len(gate.hits) == 1)
        assert said == [f"ALT: this browser asks not to be counted ({word}), so nothing is sent"]
        page.goto(site.page("/quiet", head=tag_of(gate, tracked, "data-quiet")))
        page.wait_for_function("window.ALT")
        page.evaluate("ALT.trackEvent('no')")
        assert len(said) == 1
    assert len(gate.hits) == 1
    assert tracked.stored() == []


def test_hits_with_credentials_get_through(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    page.goto(site.page("/", head=""))
    sent = page.evaluate(
        """async ([url, app_id]) => {
            const body = name => JSON.stringify({app_id: app_id, event_name: name})
            navigator.sendBeacon(url, new Blob([body('beacon')], {type: 'application/json'}))
            const answer = await fetch(url, {method: 'POST', body: body('fetch'), credentials: 'include',
                headers: {'Content-Type': 'application/json', 'X-Requested-With': 'XMLHttpRequest'}})
            const status = await new Promise(resolve => {
                const request = new XMLHttpRequest()
                request.open('POST', url)
                request.withCredentials = true
                request.onloadend = () => resolve(request.status)
                request.send(body('xhr'))
            })
            return [answer.status, status]
        }""",
        [f"{gate.origin}/v1/track", tracked.app_id],
    )
    assert sent == [200, 200]
    assert {row["event_name"] for row in tracked.wait_for(3)} == {"beacon", "fetch", "xhr"}


def test_the_test_page_says_what_its_browser_is_taken_for(browser: Browser, visit: Visit, running: stack.Stack) -> None:
    crawler = browser.new_context(user_agent="Googlebot/2.1 (+http://www.google.com/bot.html)", locale="ja-JP")
    with contextlib.closing(crawler):
        page = crawler.new_page()
        page.goto(f"{running.url}/test-page")
        expect(page.locator("#state")).to_contain_text("ボット")
    with visit(GPC) as page:
        page.goto(f"{running.url}/test-page")
        expect(page.locator("#state")).to_contain_text("計測しないよう")
