"""Traffic: each panel filters, days are the site's own, nobody else's are seen; live goes on without a script."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SOMEBODY
from tests.browser.test_dashboard import seeing, sign_in
from tests.support.raw_hits import count_days, execute, fill
from tests.support.waiting import wait_until
from tracker.dashboard.panel_kinds import GROUPS
from tracker.demo.stack import Stack
from tracker.management import applications, settings
from tracker.store.database import Database

HOME = "/dashboard/applications/kathmandu"
MIDNIGHT = datetime.now(UTC).replace(hour=18, minute=15, second=0, microsecond=0) - timedelta(days=1)
"""In Kathmandu, 5:45 ahead of UTC."""


@pytest.fixture(scope="module")
def key(store: Database) -> str:
    """The key of a site with two hits on the day before that midnight and three on the one after."""
    made, api_key = applications.create(store, name="Kathmandu", app_id="kathmandu", domain="site.example")
    settings.set_(store, "kathmandu", "timezone", "Asia/Kathmandu")
    campaign = "&".join(f"utm_{name}=a_{name}" for name in ("source", "medium", "campaign", "term", "content"))
    for first, count, start in ((1, 2, MIDNIGHT - timedelta(minutes=2)), (3, 3, MIDNIGHT)):
        fill(
            store,
            made,
            2 * count,
            first=2 * first,
            start=start - timedelta(seconds=2 * first - 1),
            url=f"'https://site.example/page?{campaign}&gclid=1'",
            user_agent=f"'{SOMEBODY}'",
            client_sub_id="'v' || n / 2",
            event_name="CASE WHEN n % 2 = 1 THEN 'signup' END",
        )
    execute(
        store,
        "UPDATE access_logs SET referrer = 'https://from.example/x', language = 'ne', screen_resolution = '1920x1080', "
        "place = 'NP/Bagmati/Patan', module_id = 'web', event_data = '{\"status\": 200}' WHERE app_id = 'kathmandu'",
    )
    count_days(store, MIDNIGHT.date() - timedelta(days=1), datetime.now(UTC).date())
    return api_key


def wait_for_panels(page: Page) -> None:
    """The scheduler writes facts some seconds after the rows."""
    wait_until(lambda: page.reload() and page.locator("#campaigns tbody tr").count())


def test_a_value_of_each_panel_becomes_a_chip_that_is_taken_off_again(
    browser: Browser, running: Stack, store: Database, key: str
) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Kathmandu")
        page.goto(f"{running.url}{HOME}?range=7d")
        wait_for_panels(page)
        chips = page.locator(".chip")
        for group, names in GROUPS.items():
            panel = page.locator(f"#{group}")
            for number, name in enumerate(names):
                if number:
                    panel.locator("nav.parts a").nth(number).click()
                    expect(panel.locator("nav.parts a").nth(number)).to_have_attribute("aria-current", "true")
                panel.locator("tbody a").first.click()
                expect(chips, name).to_have_count(number + 1)
                expect(page.locator(".card.visitors .number"), name).to_have_text("1" if name == "clients" else "5")
            chips.first.click()
            expect(chips, group).to_have_count(len(names) - 1)
            page.goto(f"{running.url}{HOME}?range=7d")
        first, last = MIDNIGHT.date() - timedelta(days=6), MIDNIGHT.date() + timedelta(days=1)
        page.goto(f"{running.url}{HOME}?from={first}&to={last}")
        page.get_by_text("As a table").click()
        days = page.locator("#chart details tbody tr")
        assert [int(days.nth(number).locator("td").first.inner_text()) for number in (-3, -2, -1)] == [0, 4, 6]
    _, stranger = applications.create(store, name="Stranger", app_id="stranger")
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, stranger)
        expect(page.locator("h1")).to_have_text("Stranger")
        for path in ("", "/live", "/goals", "/values?panel=pages", "/settings"):
            answer = page.goto(f"{running.url}{HOME}{path}")
            assert answer is not None
            assert answer.status == 404
            expect(page.locator("h1")).to_have_text("Not found")
            assert "Kathmandu" not in page.content()


def test_live_shows_a_new_hit_without_a_script(browser: Browser, running: Stack, key: str) -> None:
    with seeing(browser, running, locale="en-US", java_script_enabled=False) as page:
        page.goto(f"{running.url}/dashboard")
        page.locator("#key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_have_text("Kathmandu")
        page.goto(f"{running.url}{HOME}/live")
        sent = page.request.get(
            f"{running.url}/pixel.gif?app_id=kathmandu&url=https://site.example/unscripted",
            headers={"User-Agent": SOMEBODY},
        )
        assert sent.ok
        expect(page.get_by_role("cell", name="/unscripted")).to_be_visible()
