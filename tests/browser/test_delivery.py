import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import PATIENCE, Looking, Tracked, Visit, tag_of, watched
from tests.browser.gate import Gate
from tests.browser.site import Site
from tests.browser.waiting_hits import event_ids, names, wait_until_waiting, waiting
from tracker.management import applications
from tracker.store.database import Database

NO_SECURE_CONTEXT = "delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks;"
COUNT_REQUESTS = """() => {
    const send = window.fetch
    window.underWay = 0
    window.fetch = (...given) => {
        window.underWay += 1
        return send(...given).finally(() => { window.underWay -= 1 })
    }
}"""


@pytest.fixture
def opened(page: Page, site: Site, tracked: Tracked) -> Page:
    """A page whose view has been stored."""
    page.goto(site.url("/"))
    tracked.wait_for(1)
    return page


def test_hits_of_an_outage_arrive_once_each_with_their_own_times(opened: Page, tracked: Tracked, gate: Gate) -> None:
    gate.go_away()
    happened = []
    for number in range(3):
        happened.append(opened.evaluate(f"[Date.now(), ALT.trackEvent('offline {number}')][0]"))
        opened.wait_for_timeout(100)
    wait_until_waiting(opened, 3)
    opened.wait_for_timeout(1500)
    gate.come_back()
    opened.evaluate("ALT.trackEvent('back')")
    rows = tracked.wait_for(5)
    assert names(rows) == ["back", "offline 0", "offline 1", "offline 2", "page_view"]
    requests = {request.hit["event_name"]: request for request in gate.requests}
    stored = {row["event_name"]: row for row in rows}
    for number, at in enumerate(happened):
        request, row = requests[f"offline {number}"], stored[f"offline {number}"]
        age = request.hit["age_ms"] / 1000
        assert age >= 1.5
        # What the request took is all that a hit's time may be wrong by.
        assert at / 1000 - 0.001 <= row["created_at"].timestamp() <= request.at - age
    wait_until_waiting(opened, 0)
    assert len(event_ids(gate)) == len(set(event_ids(gate))) == 5


def test_what_waits_goes_out_by_itself_when_the_server_is_back(opened: Page, tracked: Tracked, gate: Gate) -> None:
    gate.go_away()
    opened.evaluate("ALT.trackEvent('offline')")
    wait_until_waiting(opened, 1)
    gate.come_back()
    tracked.wait_for(2)
    wait_until_waiting(opened, 0)


def test_what_waits_goes_out_with_the_next_page(opened: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    gate.go_away()
    opened.evaluate("ALT.trackEvent('offline')")
    wait_until_waiting(opened, 1)
    opened.goto("about:blank")
    gate.come_back()
    opened.goto(site.url("/next"))
    rows = tracked.wait_for(3)
    assert names(rows) == ["offline", "page_view", "page_view"]
    wait_until_waiting(opened, 0)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_by_all_of_the_site(
    opened: Page, context: BrowserContext, *, site: Site, tracked: Tracked, gate: Gate, status: int
) -> None:
    pause = f"localStorage['ALT.{tracked.app_id}.pause']"
    gate.answer(status, headers={"Retry-After": "600"})
    opened.evaluate("ALT.trackEvent('refused')")
    wait_until_waiting(opened, 1)
    opened.evaluate("ALT.trackEvent('same tab')")
    with watched(context.new_page()) as other:
        other.goto(site.url("/other-tab"))
        other.wait_for_function("window.ALT")
        wait_until_waiting(other, 3)
        assert 500_000 < other.evaluate(f"{pause} - Date.now()") <= 600_000
        assert len(gate.hits) == 2
        # Most of the ten minutes go by.
        ends_at = other.evaluate(f"{pause} = Date.now() + 1000")
        other.evaluate("dispatchEvent(new Event('online'))")
        assert names(tracked.wait_for(4)) == ["page_view", "page_view", "refused", "same tab"]
        wait_until_waiting(other, 0)
    assert all(request.at >= ends_at / 1000 for request in gate.requests[2:])
    assert len(gate.hits) == 5


def test_the_receivers_own_limit_is_obeyed(
    page: Page, site: Site, gate: Gate, store: Database, looking: Looking
) -> None:
    """A 429 of the real receiver, whose Retry-After a page on another origin has to be allowed to read."""
    limited = Tracked("limited", looking)
    applications.create(store, name="Limited", app_id=limited.app_id, rate_limit=1)
    page.goto(site.page("/", head=tag_of(gate, limited)))
    page.wait_for_function("window.ALT")
    page.evaluate("ALT.trackEvent('one'), ALT.trackEvent('two')")
    paused = page.wait_for_function("Math.max(0, localStorage['ALT.limited.pause'] - Date.now())")
    assert 0 < paused.json_value() <= 60_000
    assert 429 in [request.status for request in gate.requests]


def test_an_error_of_the_server_is_tried_again_and_a_refusal_is_not(opened: Page, tracked: Tracked, gate: Gate) -> None:
    gate.answer(500)
    opened.evaluate("ALT.trackEvent('later')")
    wait_until_waiting(opened, 1)
    tracked.wait_for(2)
    gate.answer(400)
    with opened.expect_response("**/v1/track"):
        opened.evaluate("ALT.trackEvent('never')")
    opened.evaluate("ALT.trackEvent('last')")
    assert names(tracked.wait_for(3)) == ["last", "later", "page_view"]
    wait_until_waiting(opened, 0)


def test_at_most_50_hits_wait_and_none_longer_than_a_day(opened: Page, tracked: Tracked, gate: Gate) -> None:
    gate.go_away()
    opened.evaluate("ALT.trackEvent('old')")
    wait_until_waiting(opened, 1)
    opened.evaluate("""() => {
        const key = Object.keys(localStorage).find(key => key.includes('.hit.'))
        const entry = JSON.parse(localStorage[key])
        localStorage[key] = JSON.stringify({...entry, at: Date.now() - 864e5})
    }""")
    opened.evaluate(COUNT_REQUESTS)
    opened.evaluate("for (let n = 0; n < 60; n += 1) ALT.trackEvent('event ' + n)")
    # One that was still on its way when the server comes back would get through beside those that wait.
    opened.wait_for_function("window.underWay === 0")
    wait_until_waiting(opened, 50)
    gate.come_back()
    rows = tracked.wait_for(51)
    assert "old" not in {row["event_name"] for row in rows}
    assert len({row["event_name"] for row in rows} & {f"event {n}" for n in range(10, 60)}) >= 40


def test_a_repeated_hit_counts_once(opened: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    """The page is closed between a hit's acceptance and the answer, so the next page sends it again."""
    gate.hold_answers()
    # What it leaves to the request that is under way is left to it for an hour longer, in which this test surely ends.
    opened.evaluate("() => { const now = Date.now; addEventListener('pagehide', "
                    "() => { Date.now = () => now() + 36e5 }, {capture: true}) }")  # fmt: skip
    opened.evaluate("ALT.trackEvent('in mid-send')")
    tracked.wait_for(2)
    opened.goto("about:blank")
    gate.let_go()
    opened.goto(site.url("/next"))
    tracked.wait_for(3)
    wait_until_waiting(opened, 1)  # The new page's own hit waits too, until its answer has come.
    (entry,) = waiting(opened)
    event_id = entry["hit"]["event_id"]
    assert entry["hit"]["event_name"] == "in mid-send"
    assert event_ids(gate).count(event_id) == 1, "it is left to the request that was under way"
    opened.evaluate("""() => {
        const key = Object.keys(localStorage).find(key => key.includes('.hit.'))
        localStorage[key] = JSON.stringify({...JSON.parse(localStorage[key]), lease: Date.now()})
        dispatchEvent(new Event('online'))
    }""")
    wait_until_waiting(opened, 0)
    assert event_ids(gate).count(event_id) == 2
    assert len(tracked.stored()) == 3


def test_a_page_closed_in_mid_send_loses_no_hit(
    context: BrowserContext, opened: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    gate.hold_requests()
    with watched(context.new_page()) as closed:
        closed.goto(site.url("/closed"))
        gate.arrived.acquire(timeout=PATIENCE)
        gate.arrived.acquire(timeout=PATIENCE)
        closed.evaluate("ALT.trackEvent('last words')")
        gate.arrived.acquire(timeout=PATIENCE)
        closed.close()
    gate.let_go()
    rows = tracked.wait_for(3)
    assert {row["event_name"] for row in rows} == {"page_view", "last words"}
    assert {entry["hit"]["event_id"] for entry in waiting(opened)} <= set(event_ids(gate))


def test_two_tabs_send_what_waits_once(
    context: BrowserContext, opened: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    two_tabs(context, opened, site, tracked, gate)


def test_two_tabs_of_a_page_without_web_locks_send_what_waits_once(
    visit: Visit, site: Site, tracked: Tracked, gate: Gate
) -> None:
    with visit(NO_SECURE_CONTEXT) as page:
        page.goto(site.url("/"))
        (row,) = tracked.wait_for(1)
        assert len(row["session_id"]) == 36
        two_tabs(page.context, page, site, tracked, gate, events=4, locks=False)


def two_tabs(
    context: BrowserContext,
    one: Page,
    site: Site,
    tracked: Tracked,
    gate: Gate,
    *,
    events: int = 20,
    locks: bool = True,
) -> None:
    with watched(context.new_page()) as two:
        two.goto(site.url("/two"))
        tracked.wait_for(2)
        gate.go_away()
        one.evaluate(f"for (let n = 0; n < {events}; n += 1) ALT.trackEvent('event ' + n)")
        wait_until_waiting(one, events)
        gate.come_back()
        for tab in (one, two):
            tab.evaluate("setTimeout(() => dispatchEvent(new Event('online')), 300 - Date.now() % 300)")
        tracked.wait_for(2 + events)
        wait_until_waiting(two, 0)
    sent = event_ids(gate)
    assert len(set(sent)) == 2 + events
    # Without locks a tab may see too late what the other one has claimed. That is not so every time.
    assert len(sent) == 2 + events if locks else len(sent) < 2 + 2 * events


def test_a_hundred_quick_navigations_within_a_page_are_a_hundred_page_views(
    opened: Page, tracked: Tracked, gate: Gate
) -> None:
    long = "x" * 1000
    opened.evaluate(f"for (let n = 0; n < 100; n += 1) history.pushState({{}}, '', '/{long}' + n)")
    rows = tracked.wait_for(101)
    assert len({row["url"] for row in rows}) == 101
    wait_until_waiting(opened, 0)
    assert len(gate.hits) == 101


def test_quick_navigations_from_page_to_page_lose_none_and_count_none_twice(
    opened: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    """Each page is left as soon as its script has begun, most before the answer is there."""
    for number in range(20):
        opened.goto(site.url(f"/{number}"), wait_until="commit")
        opened.wait_for_function("window.ALT && document.readyState !== 'loading'")
    rows = tracked.wait_for(21)
    assert len({row["url"] for row in rows}) == 21
