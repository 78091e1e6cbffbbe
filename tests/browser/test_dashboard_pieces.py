"""A page that comes in pieces, as from a busy server or to a busy browser: what is there already does not move."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import seeing, sign_in
from tests.browser.test_dashboard_every_page import HIDDEN
from tests.support.failed_hits import fail
from tests.support.raw_hits import count_days, fill
from tests.support.registered_webhooks import register
from tracker.demo.stack import Stack
from tracker.management import applications, goals
from tracker.store.database import Database

IN_PIECES = """async html => {
    const frames = async () => { for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame); };
    const moved = [];
    const watch = new PerformanceObserver(list => { for (const entry of list.getEntries()) moved.push(
        ...entry.sources.map(({node}) => (node?.outerHTML ?? node?.data ?? "").slice(0, 80))
    )});
    const body = html.indexOf("<body");
    document.open();
    document.write(html.slice(0, body));
    while (![...document.styleSheets].some(sheet => sheet.cssRules.length)) await frames();
    watch.observe({type: "layout-shift"});
    for (const piece of html.slice(body).match(/[^>]*>/g)) {
        document.write(piece);
        await frames();
    }
    document.close();
    await frames();
    return moved;
}"""
"""Writes the page anew, tag by tag, each of which is painted before the next one comes; returns what moved."""


@pytest.fixture(scope="module")
def application(store: Database) -> str:
    made, _ = applications.create(store, name="In pieces", app_id="pieces", domain="pieces.example")
    now = datetime.now(UTC)
    fill(store, made, 3, start=now)
    count_days(store, now.date(), now.date())
    register(store, made, "*")
    goals.create_goal(store, "pieces", name="Cart", step="page:/cart")
    for number in range(3):
        fail(store, made, 42_000_000 + number)
    return "/dashboard/applications/pieces"


def moved(page: Page, address: str, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    html = re.sub("<script.*?</script>", "", page.request.get(address).text())  # It has been run, and cannot be twice.
    told: list[str] = page.evaluate(IN_PIECES, html)
    assert page.evaluate(HIDDEN) == [], "in the end all of it is seen"
    return told


@pytest.mark.parametrize("width", [320, 1440])
def test_nothing_moves_while_a_page_comes(browser: Browser, running: Stack, application: str, width: int) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("#key")).to_have_count(0)
        for path in ("/webhooks", "/quality", "/goals", "/live"):
            assert moved(page, f"{running.url}{application}{path}", width) == [], path
        for path in ("", "/operations", "/operations/failed"):
            assert moved(page, f"{running.url}/dashboard{path}", width) == [], path
