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
from tests.support.registered_webhooks import register
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
REACHED = f"window.reached = new Set(); {TO_REACH}.length"
NOTE = "window.reached.add(document.activeElement)"
LEFT = f"{TO_REACH}.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 150))"
UNSEEN = """(() => { const style = getComputedStyle(document.activeElement);
    return document.activeElement != document.body && style.outlineStyle == "none" && style.boxShadow == "none" })()"""
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
PHONE = {"width": 320, "height": 693}
"""A small one: at this width WCAG 2.2 (1.4.10) asks for no scrolling to the side."""
JOBS = "fold_statistics", "take_in_waiting_hits", "remove_dead_consumers", "a_job_that_nobody_has_named_in_words"


@pytest.fixture(scope="module")
def pages(store: Database, running: Stack) -> list[str]:
    """The address of every page, of an application in which there is something of everything, and of one without."""
    application, _ = applications.create(store, name="Shop <b>&</b> Söhne", app_id="all", domain="shop.example")
    applications.create(store, name="Fresh", app_id="fresh")
    now = datetime.now(UTC)
    values = {"client_sub_id": "'v' || n % 20", "session_id": "'all-' || n % 30"}
    fill(store, application, 70, start=now - timedelta(days=3), every="1 hour", **values)
    count_days(store, now.date() - timedelta(days=3), now.date())
    goals.create_goal(store, "all", name="Read <i>", step="page:/1*")
    goals.create_funnel(store, "all", name="Way", steps=["page:/*", "page:/2*", "event:buy"])
    annotations.create(store, "all", day=now.date() - timedelta(days=1), text="Sale <b>begins</b>")
    token = shares.create(store, "all", name="Board", frame_origins="https://board.example")[1]
    invitation = members.invite(store, "all", name="Hanako", role="editor", now=now)[1]
    webhooks.disable(store, register(store, application, "*"), reason="Nothing has succeeded for 5 days.", now=now)
    register(store, application, "session.started")
    fail(store, application, 41_000_000)
    for job in JOBS:
        execute(
            store,
            "INSERT INTO batch_jobs (job_type, status, processed_count, started_at, completed_at) "
            "VALUES (%s, 'completed', 3, now(), now())",
            job,
        )
    return [f"{running.url}{path}" for path in paths(app="all", fresh="fresh", share=token, invitation=invitation)]


def visit(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == (404 if address.endswith("/nothing") else 200), address


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
            assert page.evaluate("document.querySelector('header.top').offsetHeight") < 70, "one line"
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60, "a dark ground"
            assert page.evaluate("document.documentElement.lang") == language[:2]


def test_axe_finds_nothing_serious_on_any_page(browser: Browser, running: Stack, pages: list[str]) -> None:
    axe = Axe()
    found = []
    with seeing(browser, running, locale="en-US", color_scheme="light") as page:
        sign_in(page, running, running.admin_token)
        expect(page.get_by_role("heading", name="Applications")).to_be_visible()
        for address in pages:
            page.emulate_media(color_scheme="light")
            visit(page, address)
            violations = axe.run(page).response["violations"]
            page.emulate_media(color_scheme="dark")
            violations += axe.run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
            for violation in violations:
                if violation["impact"] in {"serious", "critical"}:
                    found += [(address, violation["id"], node["html"][:200]) for node in violation["nodes"]]
    assert found == []


def test_the_keyboard_reaches_everything_in_sight_and_each_thing_has_a_name(
    browser: Browser, running: Stack, pages: list[str]
) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.get_by_role("heading", name="Applications")).to_be_visible()
        for address in pages:
            visit(page, address)
            page.evaluate("document.activeElement.blur()")
            for _ in range(page.evaluate(REACHED) + 1):
                page.keyboard.press("Tab")
                page.evaluate(NOTE)
                assert not page.evaluate(UNSEEN), (address, page.evaluate("document.activeElement.outerHTML"))
            assert page.evaluate(LEFT) == [], address
            assert page.evaluate(NAMELESS) == [], address


def test_no_word_of_a_tables_heading_is_broken(browser: Browser, running: Stack, pages: list[str]) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.get_by_role("heading", name="Applications")).to_be_visible()
        page.set_viewport_size({"width": 1440, "height": 900})
        for address in pages:
            visit(page, address)
            assert page.evaluate(BROKEN) == [], address
        page.goto(f"{running.url}/dashboard/operations")
        expect(page.get_by_role("rowheader", name="Dead consumers removed")).to_be_visible()
