"""What an owner does with two clicks or by typing, and pages on which names and values are long, at every width."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_dashboard import seeing, sign_in
from tests.support.raw_hits import count_days, fill
from tests.support.waiting import wait_until
from tracker.demo.stack import Stack
from tracker.management import applications, keys
from tracker.store.database import Database

PATH = "magazine/2026/autumn/a-long-title-as-editors-write-them-with-every-word/"
HOME = "/dashboard/applications/long-values"
CUT = """[...document.querySelectorAll("#pages tbody th a")].filter(e => e.scrollHeight > e.clientHeight + 2).length"""
LEFT_AND_TOP = """[...document.querySelectorAll("#pages, #sources")].map(e => {
    const {left, top} = e.getBoundingClientRect(); return [left, top]; })"""


@pytest.fixture(scope="module")
def key(store: Database) -> str:
    application, api_key = applications.create(store, name="Long", app_id="long-values", domain="long.example")
    now = datetime.now(UTC)
    url = f"'https://long.example/{PATH}' || n % 6"
    fill(store, application, 60, start=now - timedelta(days=1), every="1 minute", client_sub_id="'v' || n % 9", url=url)
    count_days(store, now.date() - timedelta(days=1), now.date())
    keys.create(store, "long-values", permissions=["track"], name="Key of the export to the warehouse of the company")
    return api_key


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["script", "no script"])
def test_a_double_click_makes_one_application_and_shows_its_key(
    browser: Browser, running: Stack, store: Database, options: dict[str, Any]
) -> None:
    name = f"Twice, {len(options)}"
    with seeing(browser, running, locale="en-US", **options) as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("h1")).to_have_text("Applications")
        page.goto(f"{running.url}/dashboard/new-application")
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Create").dblclick()
        expect(page.locator("#key-made")).to_be_visible()
        assert re.fullmatch(r"alt_[\w-]+", page.locator("#key-made").inner_text())
    assert [row.name for row in applications.list_(store)].count(name) == 1


def test_an_application_is_deleted_by_typing_its_app_id(browser: Browser, running: Stack, store: Database) -> None:
    applications.create(store, name="Gone", app_id="gone-soon")
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.locator("h1")).to_have_text("Applications")
        page.goto(f"{running.url}/dashboard/applications/gone-soon/settings")
        page.locator("summary", has_text="Delete this application").click()
        field, button = (
            page.get_by_label("Its app_id, to confirm"),
            page.get_by_role("button", name="Delete it for good"),
        )
        button.click()
        assert field.evaluate("e => e.validity.valueMissing"), "the browser asks for it"
        assert applications.show(store, "gone-soon").deleted_at is None
        field.fill("gone-soon")
        button.click()
        expect(page.get_by_role("status")).to_have_text("The application was deleted.")
        expect(page.get_by_role("link", name="Gone", exact=True)).to_have_count(0)
    assert applications.show(store, "gone-soon").deleted_at is not None


def test_long_values_are_told_apart_and_panels_stand_in_pairs_from_a_tablet_on(
    browser: Browser, running: Stack, key: str
) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Long")

        def has_pages() -> bool:
            """The facts have to be made first."""
            page.goto(f"{running.url}{HOME}?range=7d")
            return page.locator("#pages tbody th a").count() == 6

        wait_until(has_pages)
        for width, is_pair in ((360, False), (700, False), (768, True), (1440, True), (1920, True)):
            page.set_viewport_size({"width": width, "height": 900})
            [pages, sources] = page.evaluate(LEFT_AND_TOP)
            assert (pages[1] == sources[1]) == is_pair, f"{width} px: {pages}, {sources}"
            if width in (360, 1440):
                assert page.evaluate(CUT) == 0, f"{width} px"
        page.set_viewport_size({"width": 360, "height": 780})
        host = "newsletter.a-very-long-name-of-a-company.example"
        page.goto(f"{running.url}{HOME}?range=7d&source={host}&page=/{PATH}0")
        for chip in page.locator(".chip").all():
            assert len(chip.evaluate("e => [...e.getClientRects()].map(r => r.width)")) == 1, (
                "one box, with round corners"
            )
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.goto(f"{running.url}{HOME}/keys")
        name = page.get_by_role("heading", name="Key of the export")
        assert name.evaluate("e => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight)") < 3.5, "lines"


@pytest.mark.parametrize(("language", "width"), [("en-US", 360), ("ja-JP", 1440)])
def test_long_filters_stand_in_the_path_and_what_is_clicked_keeps_them(
    browser: Browser, running: Stack, key: str, language: str, width: int
) -> None:
    with seeing(browser, running, locale=language, viewport={"width": width, "height": 900}) as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Long")
        page.goto(f"{running.url}{HOME}?range=7d&page.contains=magazine&page.is_not={'春の特集' * 60}")
        expect(page.locator(".chip")).to_have_count(2)
        path = urlsplit(page.url).path
        assert path.startswith(f"{HOME}/filtered/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wait_until(lambda: page.reload() and page.locator("#devices tbody tr").count())
        page.locator("#devices .parts a").nth(1).click()
        expect(page.locator("#devices .parts a").nth(1)).to_have_attribute("aria-current", "true")
        assert urlsplit(page.url).path == path, "another panel came into its place"
        page.locator(".periods a").nth(3).click()
        expect(page.locator(".chip")).to_have_count(2)
        assert (urlsplit(page.url).path, urlsplit(page.url).query) == (path, "range=30d&devices=browsers")
        page.locator(".chip").nth(0).click()
        expect(page.locator(".chip")).to_have_count(1)
        assert urlsplit(page.url).path == HOME
