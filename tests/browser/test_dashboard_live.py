"""Live goes on and keeps what somebody has focused; its rows filter, and so do values of custom parameters."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SOMEBODY
from tests.browser.test_dashboard import seeing, sign_in
from tests.support.queued_hits import define
from tests.support.raw_hits import count_days, execute, fill
from tests.support.waiting import wait_until
from tracker.demo.stack import Stack
from tracker.management import applications
from tracker.store.database import Database

HOME = "/dashboard/applications/watched"


@pytest.fixture(scope="module")
def key(store: Database) -> str:
    """The key of a site with some hits of these minutes, and of a day before with a custom parameter."""
    made, api_key = applications.create(store, name="Watched", app_id="watched", rate_limit=1_000_000)
    define(store, made, "plan", "string")
    start = datetime.now(UTC) - timedelta(days=1)
    plan = "jsonb_build_object('plan', (ARRAY['free', 'team'])[1 + n % 2])"
    fill(store, made, 5, start=start, client_sub_id="'v' || n", custom_params=plan)
    execute(
        store,
        "INSERT INTO custom_parameter_values"
        " (access_log_id, application_id, parameter_key, parameter_value, created_at)"
        " SELECT id, application_id, 'plan', custom_params ->> 'plan', created_at FROM access_logs"
        " WHERE app_id = 'watched'",
    )
    count_days(store, start.date(), datetime.now(UTC).date())
    return api_key


def send(page: Page, running: Stack, path: str, **fields: str) -> None:
    """Send a page view of somebody who came from Bing."""
    query = {
        "app_id": "watched",
        "url": f"https://watched.example{path}",
        "referrer": "https://www.bing.com/",
        **fields,
    }
    sent = page.request.get(f"{running.url}/pixel.gif", params=query, headers={"User-Agent": SOMEBODY})
    assert sent.ok


def newest(page: Page, path: str) -> None:
    """Wait until a hit is among the newest ones."""
    expect(page.locator(".newest").get_by_role("cell", name=path, exact=True).first).to_be_visible()


def test_live_goes_on_and_keeps_what_is_focused(browser: Browser, running: Stack, key: str) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Watched")
        page.goto(f"{running.url}{HOME}/live")
        send(page, running, "/first")
        newest(page, "/first")
        page.locator(".newest thead").click()
        expect(page.get_by_role("region", name="Newest hits")).to_be_focused()
        send(page, running, "/second")
        newest(page, "/second")
        expect(page.get_by_role("region", name="Newest hits")).to_be_focused()
        link = page.locator(".newest").get_by_role("link", name="/first", exact=True)
        link.focus()
        page.evaluate("document.activeElement.kept = true")
        send(page, running, "/third")
        newest(page, "/third")
        expect(link).to_be_focused()
        assert page.evaluate("document.activeElement.kept"), "the same element, of which no screen reader tells again"
        for number in range(12):
            send(page, running, f"/more{number}")
        expect(page.locator(".card.requests .number")).to_have_text("15")
        expect(link).to_be_focused()
        page.keyboard.press("Tab")
        page.evaluate("document.activeElement.blur()")
        newest(page, "/more11")
        expect(link).to_have_count(0)
        panel = page.locator(".grid.live .panel").first.get_by_role("link", name="/first", exact=True)
        panel.focus()
        send(page, running, "/first")
        expect(page.locator(".card.requests .number")).to_have_text("16")
        expect(panel).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(re.escape(HOME) + r"\?range=today&page=/first$"))
        expect(page.locator(".chip")).to_contain_text("Page: /first")


def test_the_newest_hits_lead_to_the_traffic_of_their_page_event_and_source(
    browser: Browser, running: Stack, key: str
) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Watched")
        for name, chip in (("/bought", "Page: /bought"), ("purchase", "Event: purchase"), ("Bing", "Source: Bing")):
            page.goto(f"{running.url}{HOME}/live")
            send(page, running, "/bought", event_name="purchase")
            newest(page, "/bought purchase")
            page.locator(".newest").get_by_role("link", name=name, exact=True).first.click()
            expect(page.locator(".chip")).to_contain_text(chip)


def test_a_value_of_a_custom_parameter_filters_and_the_others_are_of_what_is_left(
    browser: Browser, running: Stack, key: str
) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Watched")
        page.goto(f"{running.url}{HOME}?range=7d")
        wait_until(lambda: page.reload() and page.locator("#pages tbody tr").count())
        page.get_by_role("link", name="team", exact=True).click()
        expect(page.locator(".chip")).to_contain_text("Parameter plan: team")
        expect(page.locator(".card.requests .number")).to_have_text("3")
        panel = page.locator("#parameters")
        expect(panel.locator("tbody tr")).to_have_count(1)
        with page.expect_download() as download:
            panel.get_by_role("link", name="CSV").click()
        assert "team,3," in download.value.path().read_text(encoding="utf-8")
        panel.get_by_role("link", name="All of").click()
        expect(page.locator("main tbody tr")).to_have_count(1)
        page.locator(".chip").click()
        expect(page.locator("main tbody tr")).to_have_count(2)
