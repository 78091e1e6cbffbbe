"""What is there already does not move: while a page comes in pieces, as from a busy server, and when one is asked."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import seeing, sign_in
from tests.browser.test_dashboard_every_page import HIDDEN
from tests.support.failed_hits import fail
from tests.support.raw_hits import count_days, fill
from tests.support.registered_webhooks import register
from tests.support.waiting import wait_until
from tracker.demo.stack import Stack
from tracker.management import applications, goals, keys, members, parameters, shares
from tracker.store.database import Database

IN_PIECES = """async html => {
    const frame = () => new Promise(requestAnimationFrame), moved = [];
    const watch = new PerformanceObserver(list => { for (const entry of list.getEntries()) moved.push(
        ...entry.sources.map(({node}) => (node?.outerHTML ?? node?.data ?? "").slice(0, 80))
    )});
    const body = html.indexOf("<body"), pieces = html.slice(body).match(/[^>]*>/g);
    document.open();
    document.write(html.slice(0, body));
    while (![...document.styleSheets].some(sheet => sheet.cssRules.length)) await frame();
    watch.observe({type: "layout-shift"});
    while (pieces.length && document.documentElement.scrollHeight < innerHeight + 300) {
        document.write(pieces.shift());
        await frame();
    }
    document.write(pieces.join(""));
    document.close();
    for (let n = 0; n < 2; n++) await frame();
    return moved;
}"""
"""Writes the page anew, tag by tag, each of which is painted before the next one comes; returns what moved.

What is below the screen comes at once: a shift of what nobody sees is none.
"""
MOVES = (
    "<!doctype html><html><head><style>p { height: 40px }</style></head><body><p>first</p><p>second</p>"
    "<style>p:first-child { height: 99px }</style><style>p:first-child { height: 40px }</style></body></html>"
)
"""A page that moves with one of its tags, and back with the next but one."""
PAGES = (
    *("{app}", "{app}/live", "{app}/goals", "{app}/quality", "{app}/webhooks", "{app}/settings", "{app}/keys"),
    *("{app}/access", "{app}/values?panel=pages", "/operations", "/operations/failed", "/operations/hit?id={hit}", ""),
)

TRAFFIC_HEIGHT = 2600
ASKED = """[...document.querySelectorAll(".confirm")].map(question => {
    const [button, box] = question.children, before = button.getBoundingClientRect();
    const height = document.body.scrollHeight;
    question.open = true;
    const {left, right, width} = box.getBoundingClientRect(), after = button.getBoundingClientRect();
    const stays = before.x == after.x && before.y == after.y && document.body.scrollHeight == height;
    const fits = left >= 0 && right <= innerWidth && width > 100;
    question.open = false;
    return stays && fits;
})"""
"""Opens each question in turn: whether its button and the page stay as they are, and all of the question is seen."""

SMALL = """(() => {
    const seen = [...document.querySelectorAll("main :is(a[href], button, select, summary, input:not([type=hidden]))")
    ].filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest(".tall"));
    const areas = seen.map(e => (e.closest("label.check") ?? e).getBoundingClientRect());
    const near = (x, y, {left, right, top, bottom}, far) =>
        Math.hypot(x - Math.max(left, Math.min(x, right)), y - Math.max(top, Math.min(y, bottom))) < far;
    return seen.filter((e, at) => {
        const {x, y, width, height} = areas[at], [middle, line] = [x + width / 2, y + height / 2];
        const told = e.parentElement;
        const isInText = told.matches("p, li") && told.textContent.trim().length > e.textContent.trim().length + 3;
        return (width < 24 || height < 24) && !isInText
            && (e.closest(".bars") || areas.some((other, place) => place != at && near(middle, line, other, 12)));
    }).map(e => e.outerHTML.slice(0, 120));
})()"""
"""What is smaller than 24 px with something else as near as that; a link within a sentence may be (WCAG 2.5.8).

A value of a panel, of which one may be a single character, has all of its row.
"""


@pytest.fixture(scope="module")
def pages(store: Database) -> list[str]:
    """The path of each page of PAGES, with a few rows of everything."""
    made, _ = applications.create(store, name="In pieces", app_id="pieces", domain="pieces.example")
    now = datetime.now(UTC)
    parameters.create(store, "pieces", "plan", {"parameter_type": "string", "parameter_name": "Plan"})
    start = now - timedelta(minutes=5)
    fill(store, made, 3, start=start, custom_params="""jsonb_build_object('plan', 'plan ' || n)""")
    count_days(store, start.date(), now.date())
    register(store, made, "session.started", "session.ended", "application.updated", "webhook.disabled")
    goals.create_goal(store, "pieces", name="Cart", step="page:/1")
    goals.create_funnel(store, "pieces", name="Way", steps=["page:/1", "page:/2"])
    keys.create(store, "pieces", name="Many", permissions=["track", "export:read", "settings:write", "webhooks:write"])
    members.join(store, members.invite(store, "pieces", name="Hanako", role="editor", now=now)[1], now)
    members.invite(store, "pieces", name="Jiro", role="viewer", now=now)
    shares.create(store, "pieces", name="Board", frame_origins="https://board.example")
    hits = [fail(store, made, 42_000_000 + number) for number in range(3)]
    return [path.format(app="/applications/pieces", hit=hits[0]) for path in PAGES]


def wait_for_panels(page: Page, running: Stack) -> None:
    """The facts have to be made first."""

    def has_panels() -> bool:
        page.goto(f"{running.url}/dashboard/applications/pieces")
        return page.locator(".part .bars").count() > 0

    wait_until(has_panels)


def moved(page: Page, address: str, width: int) -> list[str]:
    """What moved. The page of traffic is seen down to its parameters."""
    height = TRAFFIC_HEIGHT if address.endswith("/applications/pieces") else 900
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address)
    html = re.sub("<script.*?</script>", "", page.request.get(address).text())  # It has been run, and cannot be twice.
    told: list[str] = page.evaluate(IN_PIECES, html)
    assert page.evaluate(HIDDEN) == [], "in the end all of it is seen"
    return told


@pytest.mark.parametrize("width", [320, 1440])
def test_nothing_moves_while_a_page_comes(browser: Browser, running: Stack, pages: list[str], width: int) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("#key")).to_have_count(0)
        wait_for_panels(page, running)
        for path in pages:
            assert moved(page, f"{running.url}/dashboard{path}", width) == [], path


def test_a_question_lies_over_the_page_and_within_it(browser: Browser, running: Stack, pages: list[str]) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("#key")).to_have_count(0)
        for path in pages:
            if not path.endswith(("/goals", "/webhooks", "/keys", "/access", "/failed")):
                continue
            page.goto(f"{running.url}/dashboard{path}")
            for width in (641, 1440):
                # High enough for all of it: what is asked at the foot of a page may make it longer.
                page.set_viewport_size({"width": width, "height": 3000})
                assert {*page.evaluate(ASKED)} == {True}, (path, width)


def test_what_moves_for_the_time_of_a_single_tag_is_seen(page: Page) -> None:
    assert page.evaluate(IN_PIECES, MOVES) == ["<p>second</p>"] * 2


@pytest.mark.parametrize("width", [320, 1440])
def test_what_is_tapped_is_large_enough(browser: Browser, running: Stack, pages: list[str], width: int) -> None:
    with seeing(browser, running, locale="ja-JP", viewport={"width": width, "height": 900}) as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("#key")).to_have_count(0)
        wait_for_panels(page, running)
        for path in pages:
            page.goto(f"{running.url}/dashboard{path}")
            page.evaluate("document.querySelectorAll('main details.more').forEach(more => more.open = true)")
            assert page.evaluate(SMALL) == [], path
