"""Sites as their owners have them: globals of their own, changed built-ins, forms, passwords, slips of the pen."""

from playwright.sync_api import Page

from tests.browser.conftest import Tracked, tag_of
from tests.browser.gate import Gate
from tests.browser.site import Site
from tests.browser.waiting_hits import names

MOOTOOLS = "Array.from = item => item == null ? [] : typeof item.length === 'number' ? [].slice.call(item) : [item]"
"""What MooTools 1.3 to 1.5 make of it: what has no length becomes the only element."""


def test_names_and_built_ins_that_a_page_has_taken_are_not_needed(page: Page, site: Site, tracked: Tracked) -> None:
    script = "const URL = '/api'; const ALT_CONFIG = {custom_params: {page_type: 'article'}}; function History() {}"
    page.goto(site.page("/", head=f"<script>{script}</script>{site.tag}"))
    tracked.wait_for(1)
    page.evaluate("delete window.navigation; history.pushState({}, '', '/next')")
    rows = tracked.wait_for(2)
    assert [row["url"] for row in rows] == [site.url("/"), site.url("/next")]
    assert [row["custom_params"] for row in rows] == [{"page_type": "article"}] * 2


def test_a_library_that_changes_arrays_keeps_no_hit_from_being_sent_again(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    gate.answer(503)
    page.goto(site.page("/", head=f"<script>{MOOTOOLS}; Array.prototype.last = () => 0</script>{site.tag}"))
    tracked.wait_for(1)
    assert [request.status for request in gate.requests] == [503, 200]


def test_a_frame_without_an_origin_sends_again_what_was_not_taken(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    """It has neither storage nor Web Locks, though `navigator.locks` is there."""
    gate.answer(503)
    page.goto(site.page("/", '<iframe sandbox="allow-scripts" src="/framed"></iframe>', head=""))
    [row] = tracked.wait_for(1)
    assert (row["url"], row["referrer"]) == (site.url("/framed"), site.url("/"))
    assert [request.status for request in gate.requests] == [503, 200]


def test_a_page_opened_with_a_password_sends_to_its_own_path(page: Page, tracked: Tracked, gate: Gate) -> None:
    """Relative addresses of the page take the password over, and a browser sends nothing to such an address."""
    tag = f'<script async src="/tracker.js?v=/2" data-app-id="{tracked.app_id}"></script>'
    page.route("**/preview", lambda route: route.fulfill(content_type="text/html", body=tag))
    page.goto(gate.origin.replace("//", "//somebody:secret@") + "/preview")
    assert "secret" in page.evaluate("document.baseURI")
    [row] = tracked.wait_for(1)
    assert row["url"] == f"{gate.origin}/preview"


FORMS = """
<form data-alt-event=newsletter data-alt-param-place=foot onsubmit="return false"><input id=only></form>
<form data-alt-event=signup onsubmit="return false">
  <input id=name required><button id=help type=button data-alt-event=helped>?</button><button id=send>Send</button>
</form>
"""


def test_a_form_is_an_event_when_it_is_sent(page: Page, site: Site, tracked: Tracked) -> None:
    page.goto(site.page("/", FORMS))
    tracked.wait_for(1)
    page.click("#only")
    page.keyboard.press("Enter")  # There is no button that could be clicked.
    page.click("#name")
    page.click("#send")  # The browser refuses: a field is empty.
    page.fill("#name", "Kim")
    page.click("#help")
    page.click("#send")
    rows = tracked.wait_for(4)
    assert names(rows) == ["helped", "newsletter", "page_view", "signup"]
    assert {row["event_name"]: row["custom_params"] for row in rows}["newsletter"] == {"place": "foot"}


def test_a_slip_costs_no_more_than_itself(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    stub = "<script>ALT = {q: [['optIn']]}</script>"
    tag = tag_of(gate, tracked, 'data-session-timeout="30m" data-custom-params="x" data-module-id=""')
    page.goto(site.page("/", "<button data-alt-event>buy</button>", head=stub + tag))
    tracked.wait_for(1)
    page.click("button")
    page.evaluate("""() => {
        ALT.updateCustomParams('page_type', 'cart')
        ALT.updateCustomParams(['cart'])
        ALT.trackEvent()
        ALT.trackEvent('', {n: 1})
        ALT.trackEvent('boxed', new String('text'))
    }""")
    rows = tracked.wait_for(2)
    assert names(rows) == ["boxed", "page_view"]
    assert len({row["session_id"] for row in rows}) == 1
    assert [row["custom_params"] for row in rows] == [None, None]
    assert [row["module_id"] for row in rows] == [None, None]
    assert rows[1]["event_data"] == {"value": "text"}


def test_the_site_may_change_a_hit_or_keep_it_back(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    config = """<script>ALT_CONFIG = {before_send: function (hit) {
        const hide = address => address && address.replace(/reset.[a-z]+/, 'reset/…')
        if (hit.event_name === 'broken') throw new Error('the page has a fault')
        if (hit.event_name === 'kept back') return null
        if (hit.event_name === 'late') return Promise.resolve(hit)
        return {...hit, url: hide(hit.url), referrer: hide(hit.referrer), event_id: 'mine',
            custom_params: {...hit.custom_params, title: document.title}}
    }}</script>"""
    page.goto(site.page("/reset/secret", head=config + site.tag))
    tracked.wait_for(1)
    page.evaluate("['broken', 'kept back', 'late'].forEach(name => ALT.trackEvent(name))")
    page.evaluate("document.title = 'Next'; history.pushState({}, '', '/next')")
    rows = tracked.wait_for(2)
    assert [row["url"] for row in rows] == [site.url("/reset/…"), site.url("/next")]
    assert rows[1]["referrer"] == site.url("/reset/…")
    assert [row["custom_params"] for row in rows] == [{"title": "/reset/secret"}, {"title": "Next"}]
    assert len(gate.hits) == 2
    # An error costs the hit that it was given, and none behind it; objects of the page stay as they are.
    faulty = """<script>ALT_CONFIG = {before_send: function (hit) {
        if (hit.event_name === 'page_view') throw new Error('no referrer')
        if (hit.event_data) hit.event_data.name = 'taken out'
        return hit
    }}</script>"""
    page.goto(site.page("/faulty", head=faulty + site.tag))
    page.evaluate("window.mine = {name: 'somebody'}; ALT.trackEvent('told', mine)")
    assert tracked.wait_for(3)[2]["event_data"] == {"name": "taken out"}
    assert page.evaluate("mine.name") == "somebody"
    named = "<script>function shorten(hit) { hit.url = hit.url.split('?')[0]; return hit }</script>"
    page.goto(site.page("/named", head=named + tag_of(gate, tracked, "data-before-send=shorten")) + "?order=1")
    assert tracked.wait_for(4)[3]["url"] == site.url("/named")
    nothing = "<script>const shorten = hit => hit</script>" + tag_of(gate, tracked, "data-before-send=shorten")
    with page.expect_console_message(lambda message: message.text == "ALT: no before_send is given"):
        page.goto(site.page("/nothing", head=nothing))


def test_a_link_of_a_frame_that_has_no_address_to_its_own_site_is_not_outbound(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    links = f"<a id=in href=/inside>in</a><a id=out href={gate.origin}/out>out</a>"
    stay = "<script>onclick=event=>event.preventDefault()</script>"
    framed = (tag_of(gate, tracked, "data-outbound-links") + links + stay).replace('"', "&quot;")
    page.goto(site.page("/", f'<iframe srcdoc="{framed}"></iframe>', head=""))
    tracked.wait_for(1)
    page.frame_locator("iframe").locator("#in").click()
    page.frame_locator("iframe").locator("#out").click()
    rows = tracked.wait_for(2)
    assert rows[1]["event_data"] == {"url": f"{gate.origin}/out"}
