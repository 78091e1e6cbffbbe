from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Tracked, Visit, tag_of
from tests.browser.gate import Gate
from tests.browser.site import Site


def events(rows: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    return [
        (row["event_name"], row["event_data"], row["custom_params"]) for row in rows if row["event_name"] != "page_view"
    ]


def test_an_event_carries_its_data_and_the_parameters_of_its_time(page: Page, site: Site, tracked: Tracked) -> None:
    page.goto(site.url("/"))
    page.wait_for_function("window.ALT")
    page.evaluate("""() => {
        ALT.updateCustomParams({page_type: 'cart', cart_total: 12.5})
        const data = {items: ['靴', 2]}
        ALT.trackEvent('add_to_cart', data)
        data.items.push('later')
        ALT.updateCustomParams({page_type: null, user_segment: 'premium'})
        ALT.trackEvent('checkout')
        ALT.trackEvent('rated', 5)
    }""")
    rows = tracked.wait_for(4)
    last = {"cart_total": 12.5, "user_segment": "premium"}
    assert sorted(events(rows), key=lambda event: event[0]) == [
        ("add_to_cart", {"items": ["靴", 2]}, {"page_type": "cart", "cart_total": 12.5}),
        ("checkout", None, last),
        ("rated", {"value": 5}, last),
    ]
    assert {row["url"] for row in rows} == {site.url("/")}
    assert len({row["session_id"] for row in rows}) == 1


def test_a_page_view_can_be_said_by_the_page(page: Page, site: Site, tracked: Tracked) -> None:
    page.goto(site.url("/"))
    page.wait_for_function("window.ALT")
    page.evaluate("ALT.trackPageView()")
    assert [row["event_name"] for row in tracked.wait_for(2)] == ["page_view", "page_view"]


def test_the_global_settings_count_and_win_over_the_tag(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    early = f"""<script>ALT_CONFIG = {{app_id: '{tracked.app_id}', client_sub_id: 4711,
        endpoint: '{gate.origin}/v1/track', custom_params: {{page_type: 'article'}}}}</script>"""
    late = "<script>addEventListener('DOMContentLoaded', () => ALT_CONFIG.custom_params.tags = ['a'])</script>"
    tag = f'<script async src="{gate.origin}/tracker.js" data-app-id="other" data-module-id="news"></script>'
    page.goto(site.page("/", head=early + late + tag))
    (row,) = tracked.wait_for(1)
    assert (row["client_sub_id"], row["module_id"]) == ("4711", "news")
    assert row["custom_params"] == {"page_type": "article", "tags": ["a"]}


def test_what_was_called_before_the_script_came_is_done_when_it_is_there(
    page: Page, site: Site, tracked: Tracked
) -> None:
    stub = """<script>
        window.ALT = window.ALT || {q: []};
        ["trackPageView", "trackEvent", "updateCustomParams", "optOut", "optIn"].forEach(function (name) {
            ALT[name] = ALT[name] || function () { ALT.q.push([name, arguments]); };
        });
        ALT.trackEvent("early", {n: 1});
        ALT.updateCustomParams({page_type: "start"});
    </script>"""
    page.goto(site.page("/", head=stub + site.tag))
    rows = tracked.wait_for(2)
    assert {row["event_name"] for row in rows} == {"page_view", "early"}
    assert all(row["custom_params"] == {"page_type": "start"} for row in rows)


def test_a_declared_click_is_an_event_with_its_parameters(page: Page, site: Site, tracked: Tracked) -> None:
    url = site.page(
        "/",
        "<button data-alt-event=add_to_cart data-alt-param-product-id=P-1 data-alt-param-product_name='赤い靴'>"
        "<span>Buy</span></button><script>document.querySelector('button').onclick = e => e.stopPropagation()</script>",
    )
    page.goto(url)
    tracked.wait_for(1)
    page.click("span")
    assert events(tracked.wait_for(2)) == [("add_to_cart", None, {"product_id": "P-1", "product_name": "赤い靴"})]


LINKS = """
<a id=out href="{other}/elsewhere?x=1" onclick="return false">out</a>
<a id=in href="/inside" onclick="return false">in</a>
<a id=file href="/files/Report.PDF?v=2" onclick="return false">file</a>
<a id=named href="/export" download onclick="return false">named</a>
<a id=mail href="mailto:somebody@shop.example" onclick="return false">mail</a>
<svg><a id=svg href="{other}/svg" onclick="return false"><text y=20>svg</text></a></svg>
"""


def click_all(page: Page) -> None:
    for link in ("out", "in", "file", "named", "mail", "svg"):
        page.click(f"#{link}")
    page.evaluate("ALT.trackEvent('last')")


def test_outbound_links_and_downloads_count_when_asked(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    body = LINKS.format(other=gate.origin)
    page.goto(site.page("/", body, head=tag_of(gate, tracked, "data-outbound-links data-downloads")))
    tracked.wait_for(1)
    click_all(page)
    assert sorted(events(tracked.wait_for(6)), key=str) == [
        ("download", {"url": site.url("/export")}, None),
        ("download", {"url": site.url("/files/Report.PDF?v=2")}, None),
        ("last", None, None),
        ("outbound_link", {"url": f"{gate.origin}/elsewhere?x=1"}, None),
        ("outbound_link", {"url": f"{gate.origin}/svg"}, None),
    ]


def test_links_are_nobodys_business_unless_asked(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    page.goto(site.page("/", LINKS.format(other=gate.origin)))
    tracked.wait_for(1)
    click_all(page)
    assert events(tracked.wait_for(2)) == [("last", None, None)]


def test_a_click_that_leaves_the_page_is_counted_all_the_same(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    head = tag_of(gate, tracked, "data-outbound-links")
    page.goto(site.page("/", f'<a href="{gate.origin}/health/live" data-alt-event=left>leave</a>', head=head))
    tracked.wait_for(1)
    page.click("a")
    assert {row["event_name"] for row in tracked.wait_for(3)} == {"page_view", "left", "outbound_link"}
    assert page.url == f"{gate.origin}/health/live"


def test_a_session_lasts_over_pages_and_ends_when_nothing_happens(
    page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    head = tag_of(gate, tracked, 'data-session-timeout="600000"')
    for path in ("/a", "/b"):
        page.goto(site.page(path, head=head))
        page.wait_for_function("window.ALT")
    tracked.wait_for(2)
    for minutes in (9, 11):
        page.evaluate(f"""() => {{
            const [key] = Object.keys(sessionStorage)
            const last = JSON.parse(sessionStorage[key])
            sessionStorage[key] = JSON.stringify({{...last, at: last.at - {minutes} * 60000}})
        }}""")
        page.evaluate(f"ALT.trackEvent('after {minutes} minutes')")
    # Hits that a page sends at the same moment may arrive in any order.
    rows = tracked.wait_for(4)
    later = {row["session_id"] for row in rows if row["event_name"] == "after 11 minutes"}
    [session] = {row["session_id"] for row in rows if row["event_name"] != "after 11 minutes"}
    assert session is not None
    assert len(later) == 1
    assert later.isdisjoint({None, session})


def test_the_visitor_is_named_only_by_the_site(
    visit: Visit, page: Page, site: Site, tracked: Tracked, gate: Gate
) -> None:
    page.goto(site.page("/", head=tag_of(gate, tracked, 'data-client-sub-id="customer-7" data-module-id=""')))
    with visit() as other:
        tracked.wait_for(1)
        other.goto(site.url("/other"))
        one, two = tracked.wait_for(2)
    assert (one["client_sub_id"], two["client_sub_id"]) == ("customer-7", None)
    assert one["module_id"] is None
    assert one["session_id"] != two["session_id"]


def test_loaded_twice_it_counts_once(page: Page, site: Site, tracked: Tracked, gate: Gate) -> None:
    page.goto(site.page("/", head=site.tag + site.tag + tag_of(gate, tracked, "data-downloads")))
    page.wait_for_load_state("load")
    page.evaluate("history.pushState({}, '', '/next')")
    page.evaluate("ALT.trackEvent('one')")
    assert sorted(row["event_name"] for row in tracked.wait_for(3)) == ["one", "page_view", "page_view"]
    assert len(gate.hits) == 3


def test_there_is_one_global_and_no_more(page: Page, site: Site) -> None:
    page.goto(site.page("/without", head=""))
    names = "Object.getOwnPropertyNames(window).filter(name => !/^\\d+$/.test(name))"
    without = set(page.evaluate(names))
    page.goto(site.url("/with"))
    page.wait_for_function("window.ALT")
    assert set(page.evaluate(names)) - without == {"ALT"}


@pytest.mark.parametrize(
    "call",
    [
        "ALT.trackEvent()",
        "ALT.trackEvent({toString() { throw new Error('no') }})",
        "ALT.trackEvent('circular', (() => { const a = {}; a.a = a; return a })())",
        "ALT.trackEvent('big', {n: 10n})",
        "ALT.trackEvent('getter', {get x() { throw new Error('no') }})",
        "ALT.trackEvent('x'.repeat(101))",
        "ALT.updateCustomParams(null)",
        "ALT.updateCustomParams(7)",
        "ALT.trackPageView.call(undefined, {}, [])",
        'document.body.innerHTML = \'<a href="http://[" onclick="return false">x</a>\'; document.links[0].click()',
        "document.dispatchEvent(new Event('click'))",
        "['pageshow', 'pagehide', 'online', 'popstate'].forEach(name => dispatchEvent(new Event(name)))",
    ],
)
def test_whatever_a_page_does_no_error_comes_back(page: Page, site: Site, tracked: Tracked, call: str) -> None:
    """The fixture `page` fails where an error or a rejected promise reaches the page."""
    page.goto(site.url("/"))
    page.wait_for_function("window.ALT")
    page.evaluate(f"() => {{ {call} }}")
    page.evaluate("ALT.trackEvent('last')")
    names = [row["event_name"] for row in tracked.wait_for(2 + call.startswith("ALT.trackPage"))]
    assert "last" in names
