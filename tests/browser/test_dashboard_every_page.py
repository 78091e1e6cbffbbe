"""Every page of the dashboard, from one list: by screen reader and keyboard, on a phone, in the dark, in Japanese."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import seeing, sign_in
from tests.support.dashboard_pages import paths
from tests.support.failed_hits import fail
from tests.support.raw_hits import count_days, execute, fill
from tests.support.registered_webhooks import register, write_failed
from tests.support.waiting import wait_until
from tracker.dashboard import wording
from tracker.demo.stack import Stack
from tracker.management import annotations, applications, goals, members, shares, webhooks
from tracker.store.database import Database

NAMELESS = """[...document.querySelectorAll("a, button, input, select, textarea, summary, nav, svg")].filter(
    e => !e.closest("[aria-hidden]") && e.type != "hidden" && !e.hidden
        && !(e.textContent.trim() || e.ariaLabel || e.labels?.length)
).map(e => e.outerHTML.slice(0, 150))"""
"""What a screen reader has no name for."""
TO_REACH = """[...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")
].filter(
    e => e.type != "hidden" && !e.disabled && e.checkVisibility({visibilityProperty: true})
        && !(e.type == "radio" && !e.checked)
)"""
"""Of radio buttons the chosen one: arrows lead to the others."""
WATCH = f"""window.reached = new Set(); window.unseen = [];
document.addEventListener("focusin", ({{target}}) => {{
    const style = getComputedStyle(target);
    window.reached.add(target);
    if (style.outlineStyle == "none" && style.boxShadow == "none") window.unseen.push(target.outerHTML.slice(0, 150));
}});
{TO_REACH}.length"""
"""The page itself notes where the focus comes: to ask it after each key would cost more than everything else."""
LEFT = f"{TO_REACH}.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 150))"
WITHOUT = f"({{unseen: window.unseen, left: {LEFT}, nameless: {NAMELESS}}})"
OPEN = "document.querySelectorAll('details').forEach(details => details.open = true)"
"""What somebody has to ask for is there, too; of questions of one name the last one."""
LANGUAGES = "en", "ja"
"""Pages by turns: what axe looks at and where the focus comes is the same in both, but for the words."""
AXE = "options => axe.run(options).then(results => results.violations)"
BROKEN = """[...document.querySelectorAll("main th")].filter(cell => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node; node = walker.nextNode();) for (const word of node.data.matchAll(/[A-Za-z]+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        if (range.getClientRects().length > 1) return true;
    }
}).map(cell => cell.innerText)"""
"""Headings of tables in which a word is broken."""
CUT = """[...document.querySelectorAll("select")].filter(select => {
    const style = getComputedStyle(select), drawing = document.createElement("canvas").getContext("2d");
    drawing.font = style.font;
    const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 16;
    return select.clientWidth && [...select.options].some(({text}) => drawing.measureText(text).width > room);
}).map(select => select.name + " " + select.id)"""
"""Fields to choose in that cut an end off what there is to choose; their arrow takes 16 px."""
CUT_FIELDS = """[...document.querySelectorAll("main input")].filter(
    input => input.checkVisibility() && input.value && input.scrollWidth > input.clientWidth
).map(input => input.name + " " + input.value)"""
"""Fields that show only a part of what is in them."""
HIDDEN = """[...document.querySelectorAll("main *, header *")].filter(
    e => getComputedStyle(e).visibility == "hidden" && !e.hidden
).map(e => e.outerHTML.slice(0, 80))"""
"""What waits for the rest of its page, and must not any more when that is there."""
SIDEWAYS = """[...document.querySelectorAll("main *")].filter(
    e => e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX)
        && !e.querySelector(".cohorts") && !e.matches("pre, .tabs, .periods")
).map(e => e.outerHTML.slice(0, 150))"""
"""What scrolls to the side by itself: a table of weeks has to, and a line of code, tabs and periods may."""
ROWS = """[...document.querySelectorAll(".tabs, .periods")].map(row => {
    const current = row.querySelector("[aria-current]")?.getBoundingClientRect(), box = row.getBoundingClientRect();
    const isSeen = !current || (current.left >= box.left - 1 && current.right <= box.right + 1);
    return [row.className, row.offsetHeight, isSeen];
}).filter(([name, height, isSeen]) => height > 46 || !isSeen)"""
"""Tabs and periods that are no single row, or whose current one is out of sight."""
PHONE = {"width": 320, "height": 693}
"""A small one: at this width WCAG 2.2 (1.4.10) asks for no scrolling to the side."""
WIDTHS = (320, 360, 768, 1024, 1440, 1920)
DESK = 1440
"""The width at which no word of a table's heading is broken and no choice is cut; on a phone the same is asked."""
LIMIT = 200_000
"""Bytes of a page with all that it loads, uncompressed."""
WEIGHT = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce(
    (sum, entry) => sum + entry.decodedBodySize, 0)"""
SHIFTS = """window.shifts = 0; new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({type: "layout-shift", buffered: true});"""
KEPT = """visits => {
    const height = visits.offsetHeight + parseFloat(getComputedStyle(visits).marginBottom);
    visits.style.display = "none";
    const kept = parseFloat(getComputedStyle(visits.parentElement).gridTemplateRows);
    visits.style.display = "";
    return [height, kept];
}"""
"""How high what comes last is, and the place that was kept for it."""
JOBS = "fold_statistics", "take_in_waiting_hits", "remove_dead_consumers", "a_job_that_nobody_has_named_in_words"


@pytest.fixture(scope="module")
def pages(store: Database, running: Stack) -> list[str]:
    """The address of every page, of an application in which there is something of everything, and of one without."""
    application, _ = applications.create(store, name="Shop <b>&</b> Söhne", app_id="all", domain="shop.example")
    applications.create(store, name="Fresh", app_id="fresh")
    there, _ = applications.create(store, name="There for two weeks", app_id="there")
    now = datetime.now(UTC)
    begin = now - timedelta(days=15)
    visitors = "'v' || n / 3"
    fill(store, there, 15 * 48, start=begin, every="30 minutes", client_sub_id=visitors, session_id=visitors)
    count_days(store, begin.date(), now.date())
    values = {"client_sub_id": "'v' || n % 20", "session_id": "'all-' || n % 30"}
    fill(store, application, 70, start=now - timedelta(days=3), every="1 hour", **values)
    count_days(store, now.date() - timedelta(days=3), now.date())
    goals.create_goal(store, "all", name="Read <i>", step="page:/1*")
    goals.create_funnel(store, "all", name="Way", steps=["page:/*", "page:/2*", "event:add_to_cart"])
    annotations.create(store, "all", day=now.date() - timedelta(days=1), text="Sale <b>begins</b>")
    token = shares.create(store, "all", name="Board", frame_origins="https://board.example")[1]
    invitation = members.invite(store, "all", name="Hanako", role="editor", now=now)[1]
    webhook = register(store, application, "*")
    webhooks.disable(store, webhook, reason="Nothing has succeeded for 5 days.", now=now)
    written = [write_failed(store, webhook, event=f"tracking.{'a_long_name_' * 6}", value="/x" * 99) for _ in range(60)]
    register(store, application, "session.started")
    fail(store, application, 41_000_000)
    for job in JOBS:
        execute(
            store,
            "INSERT INTO batch_jobs (job_type, status, processed_count, started_at, completed_at) "
            "VALUES (%s, 'completed', 3, now(), now())",
            job,
        )
    hour = now.replace(minute=0, second=0, microsecond=0)
    execute(
        store,
        "INSERT INTO ledger (application_id, hour, accepted, stored, repeated, discarded) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        *(application.id, hour, 123_456_789, 123_000_000, 400_000, 56_789),
    )
    for reason, count in (("bot", 1_234_567), ("rate_limit", 7_654_321)):
        execute(store, "INSERT INTO filtered_hits VALUES (%s, %s, %s, %s)", application.id, hour, reason, count)
    large, _ = applications.create(store, name="Large", app_id="large")
    for days, requests in ((1, 12_345_678), (9, 987_654_321), (20, 1)):
        execute(
            store,
            "INSERT INTO daily_statistics (application_id, app_id, date, total_requests, unique_visitors) "
            "VALUES (%s, 'large', %s, %s, %s)",
            *(large.id, now.date() - timedelta(days=days), requests, requests // 2),
        )
    names = {"share": token, "invitation": invitation, "webhook": webhook, "delivery": written[-1]}
    addresses = paths(app="all", fresh="fresh", **names)
    return [f"{running.url}{path}" for path in (*addresses, "/dashboard/applications/large")]


def visit(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == (404 if address.endswith("/nothing") else 200), address


def choose(page: Page, language: str) -> None:
    page.context.add_cookies([{"name": wording.COOKIE, "value": language, "domain": "127.0.0.1", "path": "/dashboard"}])


@pytest.mark.parametrize("language", ["en-US", "ja-JP"])
def test_every_page_fits_a_phone_and_is_dark_where_that_is_wanted(
    browser: Browser, running: Stack, pages: list[str], language: str
) -> None:
    options = {"viewport": PHONE, "color_scheme": "dark", "locale": language, "has_touch": True}
    with seeing(browser, running, **options) as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("#key")).to_have_count(0)
        for address in pages:
            visit(page, address)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
            assert page.evaluate(SIDEWAYS) == [], address
            assert page.evaluate(ROWS) == [], address
            assert page.evaluate(CUT) == [], address
            assert page.evaluate(CUT_FIELDS) == [], address
            assert page.evaluate(HIDDEN) == [], address
            assert page.evaluate("document.querySelector('header.top').offsetHeight") < 70, "one line"
            assert {*page.evaluate(BROKEN)} <= {JOBS[-1]}, address
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60, "a dark ground"
            assert page.evaluate("document.documentElement.lang") == language[:2]


@pytest.mark.parametrize("language", ["en-US", pytest.param("ja-JP", marks=pytest.mark.long)])
def test_no_page_shifts_scrolls_to_the_side_cuts_or_is_heavy_at_any_width(
    browser: Browser, running: Stack, pages: list[str], language: str
) -> None:
    with seeing(browser, running, locale=language, viewport={"width": WIDTHS[0], "height": 900}) as page:
        page.add_init_script(SHIFTS)
        sign_in(page, running, running.admin_token)
        expect(page.locator("#key")).to_have_count(0)
        for address in pages:
            for width in (WIDTHS[0], WIDTHS[-1]):
                page.set_viewport_size({"width": width, "height": 900})
                visit(page, address)
                page.wait_for_function("document.fonts.status === 'loaded'")
                assert page.evaluate("window.shifts") == 0, (address, width)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
            assert 2000 < page.evaluate(WEIGHT) <= LIMIT, address
            for width in WIDTHS[-2::-1]:
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
                if width == DESK:
                    assert page.evaluate(BROKEN) == [], address
                    assert page.evaluate(CUT) == [], address


def test_axe_finds_nothing_serious_on_any_page(browser: Browser, running: Stack, pages: list[str]) -> None:
    script, serious = Axe().axe_script, []
    with seeing(browser, running, locale="en-US", color_scheme="light") as page:
        sign_in(page, running, running.admin_token)
        expect(page.get_by_role("heading", name="Applications")).to_be_visible()
        for number, address in enumerate(pages):
            page.emulate_media(color_scheme="light")
            choose(page, LANGUAGES[number % 2])
            visit(page, address)
            assert page.evaluate("document.documentElement.lang") == LANGUAGES[number % 2]
            page.evaluate(OPEN)
            page.evaluate(script)
            violations = page.evaluate(AXE, {"resultTypes": ["violations"]})
            page.emulate_media(color_scheme="dark")
            violations += page.evaluate(AXE, {"resultTypes": ["violations"], "runOnly": ["color-contrast"]})
            for violation in violations:
                if violation["impact"] in {"serious", "critical"}:
                    serious += [(address, violation["id"], node["html"][:200]) for node in violation["nodes"]]
    assert serious == []


def test_the_keyboard_reaches_everything_in_sight_and_each_thing_has_a_name(
    browser: Browser, running: Stack, pages: list[str]
) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.get_by_role("heading", name="Applications")).to_be_visible()
        for number, address in enumerate(pages):
            choose(page, LANGUAGES[(number + 1) % 2])
            visit(page, address)
            page.evaluate(OPEN)
            page.evaluate("document.activeElement.blur()")
            for _ in range(page.evaluate(WATCH) + 1):
                page.keyboard.press("Tab")
            assert page.evaluate(WITHOUT) == {"unseen": [], "left": [], "nameless": []}, address
        choose(page, LANGUAGES[0])
        page.goto(f"{running.url}/dashboard/operations")
        expect(page.get_by_role("rowheader", name="Dead consumers removed")).to_be_visible()


@pytest.mark.parametrize("language", ["en-US", "ja-JP"])
@pytest.mark.usefixtures("pages")
def test_the_place_of_what_comes_last_is_kept_with_and_without_the_time_before(
    browser: Browser, running: Stack, language: str
) -> None:
    with seeing(browser, running, locale=language) as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("#key")).to_have_count(0)
        visits = page.locator(".cards.small")
        for compare in ("previous", "none"):

            def is_there(compare: str = compare) -> bool:
                page.goto(f"{running.url}/dashboard/applications/there?range=7d&compare={compare}")
                return visits.is_visible() and bool(visits.locator(".change").count()) == (compare == "previous")

            wait_until(is_there)  # The facts have to be made first.
            for width in (*WIDTHS, 640, 641, 992, 993):
                page.set_viewport_size({"width": width, "height": 900})
                height, kept = visits.evaluate(KEPT)
                assert height <= kept + 0.5, (compare, width)
                assert height > kept - 4, (compare, width, "no gap either")
