"""What a page and its visitor may expect of us: their policies, their wishes, and that nothing breaks."""

import time

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PATIENCE, Tracked, Visit, tag_of
from tests.browser.gate import Gate
from tests.browser.site import Site
from tracker.management import applications, settings
from tracker.store.database import Database

STORED = "Object.keys(localStorage).concat(Object.keys(sessionStorage))"
SPEAKS = "document.documentElement.dataset.seen"


def stays_silent(page: Page, site: Site, gate: Gate) -> None:
    page.goto(site.url("/"))
    page.wait_for_function("window.ALT")
    page.evaluate("ALT.trackEvent('no'), ALT.trackPageView(), history.pushState({}, '', '/next')")
    page.wait_for_timeout(300)
    assert gate.hits == []
    assert page.evaluate(STORED) == []


GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
DNT = "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})"
NO_DNT = "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '0'})"


@pytest.mark.parametrize("script", [GPC, DNT])
def test_a_visitor_who_asks_not_to_be_tracked_is_not(visit: Visit, site: Site, gate: Gate, script: str) -> None:
    with visit(script) as page:
        stays_silent(page, site, gate)


def test_what_was_stored_before_a_visitor_asked_is_removed(
    visit: Visit, site: Site, tracked: Tracked, gate: Gate
) -> None:
    prefix = f"ALT.{tracked.app_id}."
    entry = "JSON.stringify({at: Date.now(), lease: 0, hit: {event_id: '1', event_name: 'before'}})"
    before = f"localStorage['{prefix}hit.1'] = {entry}; sessionStorage['{prefix}session'] = '{{}}';"
    with visit(f"if (location.pathname === '/') {{ {before} }}; {GPC}") as page:
        stays_silent(page, site, gate)


@pytest.mark.parametrize(
    ("script", "attributes"),
    [(GPC, 'data-respect-dnt="false"'), (DNT, 'data-respect-dnt="false"'), (NO_DNT, "")],
)
def test_the_site_decides_whether_that_counts(
    visit: Visit, site: Site, tracked: Tracked, gate: Gate, *, script: str, attributes: str
) -> None:
    with visit(script) as page:
        page.goto(site.page("/", head=tag_of(gate, tracked, attributes)))
        tracked.wait_for(1)


def test_who_opts_out_is_silent_on_every_page_until_opting_in(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    page.goto(site.url("/"))
    tracked.wait_for(1)
    gate.go_away()
    page.evaluate("ALT.trackEvent('waiting')")
    page.wait_for_function(f"{STORED}.some(key => key.includes('.hit.'))")
    page.evaluate("location.href = 'javascript:ALT.optOut()'")  # As a bookmark does it: the page stays.
    page.wait_for_function(f"{STORED}.includes('ALT.optOut')")
    assert page.evaluate(STORED) == ["ALT.optOut"]
    gate.come_back()
    page.evaluate("ALT.trackEvent('no')")
    page.goto(site.url("/next"))
    page.wait_for_function("window.ALT")
    page.evaluate("ALT.trackEvent('no')")
    page.evaluate("ALT.optIn(); ALT.trackEvent('yes')")
    assert [row["event_name"] for row in tracked.wait_for(2)] == ["page_view", "yes"]
    assert len(gate.hits) == 2


def test_a_hit_under_way_when_the_visitor_opts_out_is_not_kept(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    page.goto(site.url("/"))
    tracked.wait_for(1)
    gate.hold_requests()
    gate.answer(503)
    page.evaluate("ALT.trackEvent('under way')")
    assert gate.arrived.acquire(timeout=PATIENCE)
    page.evaluate("ALT.optOut()")
    with page.expect_response("**/v1/track"):
        gate.let_go()
    page.wait_for_timeout(100)
    assert page.evaluate(STORED) == ["ALT.optOut"]


def test_a_strict_content_security_policy_is_kept(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    policy = (
        f"default-src 'none'; script-src {gate.origin}; connect-src {gate.origin}; require-trusted-types-for 'script'"
    )
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text) if message.type == "error" else None)
    url = site.page("/", "<button data-alt-event=bought>buy</button>", headers={"Content-Security-Policy": policy})
    page.goto(url)
    page.click("button")
    rows = tracked.wait_for(2)
    assert {row["event_name"] for row in rows} == {"page_view", "bought"}
    assert [refusal for refusal in refusals if "favicon" not in refusal and "404" not in refusal] == []


def test_where_the_policy_lets_nothing_out_the_page_works(page: Page, site: Site, gate: Gate) -> None:
    url = site.page("/", headers={"Content-Security-Policy": "connect-src 'none'"})
    page.goto(url)
    page.wait_for_function("window.ALT")
    page.evaluate("ALT.trackEvent('kept back')")
    page.wait_for_function(f"{STORED}.filter(key => key.includes('.hit.')).length === 2")
    assert gate.hits == []


@pytest.mark.parametrize("how", ["blocked", "away"])
def test_a_page_whose_script_does_not_come_works(page: Page, site: Site, gate: Gate, how: str) -> None:
    if how == "away":
        gate.go_away()
    else:
        page.route("**/tracker.js", lambda route: route.abort("blockedbyclient"))
    url = site.page(
        "/",
        "<button data-alt-event=x onclick=\"document.documentElement.dataset.seen = 'clicked'\">buy</button>",
    )
    page.goto(url)
    page.click("button")
    page.evaluate("history.pushState({}, '', '/next')")
    assert page.evaluate(SPEAKS) == "clicked"
    assert page.url == site.url("/next")
    assert page.evaluate("window.ALT") is None


def test_without_an_application_it_says_so_once_and_rests(page: Page, site: Site, gate: Gate) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(site.page("/", head=f'<script async src="{gate.origin}/tracker.js"></script>'))
    page.wait_for_function("window.ALT")
    page.evaluate("ALT.trackEvent('x'), ALT.trackPageView(), ALT.optOut(), ALT.updateCustomParams({a: 1})")
    page.wait_for_timeout(200)
    assert [message for message in said if message.startswith("ALT")] == ["ALT: no app_id is given"]
    assert gate.hits == []
    assert page.evaluate(STORED) == []


def test_an_inlined_script_needs_an_endpoint(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    """A site may bundle the script with its own; then its address says nothing about ours."""
    from tracker.beacon.script import script

    inlined = f"<script>{script().body.decode()}</script>"
    config = f"<script>ALT_CONFIG = {{app_id: '{tracked.app_id}', endpoint: '{gate.origin}/v1/track'}}</script>"
    page.goto(site.page("/without", head=inlined))
    page.goto(site.page("/with", head=config + inlined))
    (row,) = tracked.wait_for(1)
    assert row["url"] == site.url("/with")


def test_debug_says_what_is_sent(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    with page.expect_console_message(lambda message: message.text.startswith("ALT 200")):
        page.goto(site.page("/", head=tag_of(gate, tracked, "data-debug")))


def test_nothing_is_stored_but_what_the_documentation_says(page: Page, site: Site, tracked: Tracked) -> None:
    page.goto(site.url("/"))
    tracked.wait_for(1)
    assert page.evaluate("Object.keys(localStorage)") == []
    assert page.evaluate("Object.keys(sessionStorage)") == [f"ALT.{tracked.app_id}.session"]
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("indexedDB.databases().then(found => found.length)") == 0


@pytest.mark.parametrize("allowed", [False, True])
def test_a_real_browser_names_its_page_and_a_strict_application_holds_it_to_that(
    page: Page, site: Site, tracked: Tracked, gate: Gate, store: Database, *, allowed: bool
) -> None:
    applications.update(store, tracked.app_id, {"domain": "shop.example.com"})
    chosen = {"origin_check": "strict", "allow_localhost": "true" if allowed else "false"}
    settings.change(store, tracked.app_id, chosen)
    page.goto(site.url("/"))
    page.wait_for_function("window.ALT")
    assert gate.arrived.acquire(timeout=PATIENCE)
    if allowed:
        [row] = tracked.wait_for(1)
        assert row["url"] == site.url("/")
    deadline = time.monotonic() + PATIENCE
    while not gate.requests:
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)
    hit = next(passed for passed in gate.requests if passed.method == "POST")
    assert hit.headers["Origin"] == site.origin
    assert hit.status == (200 if allowed else 403)
    assert len(tracked.stored()) == int(allowed)
