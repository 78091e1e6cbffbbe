"""What owners add: share links, goals by keyboard alone, notes; no page lacks letters."""

import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SOMEBODY
from tests.browser.site import Site
from tests.browser.test_dashboard import seeing, sign_in
from tests.support.needed import need
from tests.support.raw_hits import count_days, fill
from tests.support.waiting import wait_until
from tracker.demo.stack import Stack
from tracker.management import annotations, applications, goals, settings
from tracker.store.database import Database

LIVE_SECONDS = 3.0
OWN = ("", "?range=30d", "?range=24h", "/live", "/goals", "/quality", "/webhooks", "/settings", "/access", "/keys")


@pytest.fixture(scope="module")
def key(store: Database) -> str:
    application, api_key = applications.create(store, name="Owned", app_id="owned", domain="owned.example")
    now = datetime.now(UTC)
    url = "'https://owned.example/' || (ARRAY['', 'cart', 'thanks'])[1 + n % 3]"
    fill(
        store, application, 90, start=now - timedelta(days=3), every="40 minutes", client_sub_id="'v' || n % 9", url=url
    )
    count_days(store, now.date() - timedelta(days=3), now.date())
    goals.create_goal(store, "owned", name="Cart", step="page:/cart")
    goals.create_funnel(store, "owned", name="Till", steps=["page:/*", "page:/cart", "page:/thanks"])
    annotations.create(store, "owned", day=now.date() - timedelta(days=1), text="Sale begins")
    return api_key


@pytest.fixture
def frames() -> Iterator[Site]:
    opened = Site("")
    yield opened
    opened.close()


def link_made(page: Page, running: Stack, origins: str = "") -> str:
    page.goto(f"{running.url}/dashboard/applications/owned/access")
    if not page.locator("#share-name").is_visible():
        page.locator("summary", has_text="Create a share link").click()
    page.locator("#share-name").fill(f"Board {time.monotonic()}")
    page.locator("#share-origins").fill(origins)
    page.get_by_role("button", name="Create a share link").click()
    link = page.locator("#link-made").inner_text()
    assert re.fullmatch(re.escape(running.url) + r"/dashboard/share/[\w-]{43}", link)
    return link


def test_a_share_link_is_framed_where_that_is_named_and_gone_when_it_is_revoked(
    browser: Browser, running: Stack, key: str, frames: Site
) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Owned")
        framed, plain = link_made(page, running, frames.origin), link_made(page, running)
        guest = browser.new_context(locale="en-US")
        shown = guest.new_page()
        for link, is_there in ((framed, True), (plain, False)):
            shown.goto(frames.page("/board", f'<iframe src="{link}" width="900" height="600"></iframe>', head=""))
            frame = shown.frame_locator("iframe")
            if is_there:
                expect(frame.locator("h1")).to_have_text("Owned")
                expect(frame.locator(".card.requests .number")).to_have_text("90")
                frame.get_by_role("link", name="Goals").click()
                expect(frame.get_by_role("heading", name="Cart")).to_be_visible()
                expect(frame.locator("header.top")).to_have_count(0)
            else:
                shown.wait_for_load_state("networkidle")
                expect(frame.get_by_role("heading", name="Owned")).to_have_count(0)
        # The same link on an origin that it does not name: `localhost` is not 127.0.0.1.
        other = frames.page("/board", f'<iframe src="{framed}"></iframe>', head="").replace("127.0.0.1", "localhost")
        shown.goto(other)
        shown.wait_for_load_state("networkidle")
        expect(shown.frame_locator("iframe").get_by_role("heading", name="Owned")).to_have_count(0)
        shown.goto(framed)
        expect(shown.locator("h1")).to_have_text("Owned")
        row = page.locator(".rows li").first
        page.goto(f"{running.url}/dashboard/applications/owned/access")
        row.locator("summary").click()
        row.get_by_role("button", name="Yes, revoke").click()
        expect(page.get_by_role("status")).to_be_visible()
        answer = shown.reload()
        assert answer is not None
        assert answer.status == 404
        expect(shown.locator("h1")).to_have_text("Not found")
        guest.close()


def test_a_goal_and_a_funnel_are_made_with_the_keyboard_alone(browser: Browser, running: Stack, key: str) -> None:
    def tab_to(page: Page, name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id || document.activeElement.name || ''") == name:
                return
        raise AssertionError(f"{name} is not reached")

    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Owned")
        page.goto(f"{running.url}/dashboard/applications/owned/goals?range=7d")
        summary = page.locator("summary", has_text="Create a goal")
        summary.focus()
        page.keyboard.press("Enter")
        tab_to(page, "goal-name")
        page.keyboard.type("Thanks")
        tab_to(page, "value")
        page.keyboard.type("/thanks")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_be_visible()
        section = page.locator("section", has=page.get_by_role("heading", name="Thanks"))

        def has_a_rate() -> bool:
            """The facts have to be made first."""
            page.goto(f"{running.url}/dashboard/applications/owned/goals?range=7d")
            return "%" in section.locator("dd").first.inner_text()

        wait_until(has_a_rate)
        page.locator("summary", has_text="Create a funnel").focus()
        page.keyboard.press("Enter")
        tab_to(page, "funnel-name")
        page.keyboard.type("Both")
        for number, value in ((1, "/cart"), (2, "/thanks")):
            tab_to(page, f"value{number}")
            page.keyboard.type(value)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Both")).to_be_visible()


def test_a_note_stands_on_its_day_and_a_filter_lasts(browser: Browser, running: Stack, key: str) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("circle.note")).to_have_count(1)
        page.goto(f"{running.url}/dashboard/applications/owned?range=30d")
        page.locator("summary", has_text="Add a note").click()
        page.get_by_label("What happened").fill("Nothing <i>much</i>")
        page.get_by_role("button", name="Add a note").click()
        expect(page).to_have_url(re.compile(r"range=30d$"))
        expect(page.locator(".notes li").first).to_contain_text("Nothing <i>much</i>")
        expect(page.locator("circle.note")).to_have_count(2)
        page.get_by_role("button", name="Remove the note Nothing").click()
        expect(page.locator("circle.note")).to_have_count(1)
        page.get_by_role("link", name="/cart", exact=True).click()
        expect(page.locator(".chip")).to_have_count(1)
        page.get_by_role("link", name="Instead: Page is not /cart").click()
        expect(page.locator(".chip")).to_contain_text("Page is not /cart")
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        page.locator(".plot .column").nth(-2).click()
        expect(page).to_have_url(re.compile(f"from={yesterday}&to={yesterday}$"))
        expect(page.locator(".plot .column")).to_have_count(24)
        expect(page.locator(".chip")).to_have_count(1)


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["script", "no script"])
def test_another_panel_of_a_group_comes_into_its_place_and_lasts(
    browser: Browser, running: Stack, key: str, options: dict[str, Any]
) -> None:
    with seeing(browser, running, locale="en-US", **options) as page:
        page.goto(f"{running.url}/dashboard")
        page.locator("#key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_have_text("Owned")
        page.goto(f"{running.url}/dashboard/applications/owned?range=30d")
        pages = page.locator("#pages")
        # The scheduler writes facts some seconds after the rows.
        wait_until(lambda: page.reload() and pages.get_by_role("link", name="/cart", exact=True).count())
        if not options:
            page.evaluate("window.stays = true")
        pages.get_by_role("link", name="Exit pages", exact=True).click()
        expect(pages.get_by_role("link", name="Exit pages", exact=True)).to_have_attribute("aria-current", "true")
        if not options:
            expect(pages.get_by_role("link", name="Exit pages", exact=True)).to_be_focused()
            assert page.evaluate("window.stays"), "without a reload"
        expect(page).to_have_url(re.compile("pages=exit_pages"))
        page.locator("#devices").get_by_role("link", name="Browsers", exact=True).click()
        expect(page.locator("#devices").get_by_role("link", name="Browsers", exact=True)).to_have_attribute(
            "aria-current", "true"
        )
        page.get_by_role("link", name="90 days").click()
        expect(page).to_have_url(re.compile("range=90d"))
        for name in ("Exit pages", "Browsers"):
            expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "true")
        page.locator("#pages").get_by_role("link", name="/cart", exact=True).click()
        expect(page.locator(".chip")).to_have_count(1)
        expect(page.get_by_role("link", name="Browsers", exact=True)).to_have_attribute("aria-current", "true")


def test_a_hit_is_live_within_three_seconds(browser: Browser, running: Stack, store: Database) -> None:
    _, api_key = applications.create(store, name="Quick", app_id="quick", rate_limit=1_000_000)
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, api_key)
        expect(page.locator("h1")).to_have_text("Quick")
        page.goto(f"{running.url}/dashboard/applications/quick/live")
        waited = []
        for number in range(3):
            sent = page.request.get(
                f"{running.url}/pixel.gif?app_id=quick&url=https://quick.example/hit{number}",
                headers={"User-Agent": SOMEBODY},
            )
            assert sent.ok
            began = time.monotonic()
            expect(page.get_by_role("cell", name=f"/hit{number}")).to_be_visible()
            waited.append(time.monotonic() - began)
        # The machine of the tests may be busy: it is the usual one that has to hold, not the worst.
        assert sorted(waited)[1] <= LIVE_SECONDS, waited


def test_japanese_pages_are_set_in_a_japanese_font(browser: Browser, running: Stack, key: str) -> None:
    listed = subprocess.run(["fc-list", ":lang=ja", "family"], capture_output=True, text=True, check=False).stdout
    families = {name.strip() for line in listed.splitlines() for name in line.split(",")}
    need(bool(families), "A Japanese font is missing: apt-get install fonts-vlgothic")
    with seeing(browser, running, locale="ja-JP") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Owned")
        session = page.context.new_cdp_session(page)
        for path in OWN:
            page.goto(f"{running.url}/dashboard/applications/owned{path}")
            used: set[str] = set()
            session.send("DOM.enable")
            session.send("CSS.enable")
            root: dict[str, Any] = session.send("DOM.getDocument")
            selected = session.send(
                "DOM.querySelectorAll", {"nodeId": root["root"]["nodeId"], "selector": "h2, nav.tabs a, .hint"}
            )
            for node in selected["nodeIds"]:
                fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
                used |= {font["familyName"] for font in fonts}
            assert used & families, (path, used)


def test_domain_and_dialects_are_changed_on_the_page_of_settings(
    browser: Browser, running: Stack, store: Database
) -> None:
    _, api_key = applications.create(store, name="Changed", app_id="changed")
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, api_key)
        expect(page.locator("h1")).to_have_text("Changed")
        page.get_by_role("link", name="Settings").click()
        page.get_by_label("Domain").fill("Changed.example")
        page.get_by_role("button", name="Save").first.click()
        expect(page.get_by_role("status")).to_be_visible()
        expect(page.get_by_label("Domain")).to_have_value("changed.example")
        form = page.locator("#settings-taken")
        for name, is_on in (("Matomo", True), ("Umami", True), ("the original in Go", False)):
            form.get_by_label(name, exact=True).set_checked(is_on)
        form.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_be_visible()
    assert applications.show(store, "changed").domain == "changed.example"
    assert set(settings.get(store, "changed", "dialects").setting_value.split(",")) == {"matomo", "umami"}


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["script", "no script"])
def test_a_filter_is_typed_with_values_proposed(
    browser: Browser, running: Stack, key: str, options: dict[str, Any]
) -> None:
    with seeing(browser, running, locale="en-US", viewport={"width": 1440, "height": 900}, **options) as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Owned")
        cart = page.locator("#pages").get_by_role("link", name="/cart", exact=True)
        wait_until(lambda: page.reload() and cart.count())
        form = page.locator(".filter")
        form.locator("summary").click()
        form.get_by_label("What").select_option("Device")
        form.get_by_label("Value").focus()
        if not options:
            of = page.evaluate(
                "[...document.querySelectorAll('#filter-values option')].filter(o => !o.disabled)"
                ".map(o => o.dataset.of)"
            )
            assert set(of) <= {"device"}
        form.get_by_label("What").select_option("Page")
        form.get_by_label("How").select_option("contains")
        form.get_by_label("Value").fill("CART")
        page.keyboard.press("Enter")
        expect(page.locator(".chip")).to_contain_text("Page contains CART")
        expect(page.locator(".card.requests .number")).to_have_text("30")
