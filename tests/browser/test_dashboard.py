"""The dashboard as somebody sees it: in a real browser, in both languages, in the dark, and on a phone."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, SOMEBODY, watched
from tests.browser.site import Site
from tests.support.raw_hits import count_days, fill
from tests.support.registered_webhooks import register
from tracker.demo.stack import Stack
from tracker.management import annotations, applications, goals, shares, webhooks
from tracker.store.database import Database

NOT_FOUND = "status of 404"
"""What Chromium says of a page that is not there."""


@pytest.fixture(scope="module")
def key(store: Database) -> str:
    """The key of an application with some days of hits and a disabled webhook."""
    application, api_key = applications.create(store, name="Shop <b>&</b> Söhne", app_id="seen", domain="shop.example")
    now = datetime.now(UTC)
    values = {"client_sub_id": "'v' || n % 20", "session_id": "'seen-' || n % 30"}
    fill(store, application, 70, start=now - timedelta(days=3), every="1 hour", **values)
    count_days(store, now.date() - timedelta(days=3), now.date())
    webhook_id = register(store, application, "*")
    goals.create_goal(store, "seen", name="Read <i>", step="page:/1*")
    goals.create_funnel(store, "seen", name="Way", steps=["page:/*", "page:/2*", "event:buy"])
    annotations.create(store, "seen", day=now.date() - timedelta(days=1), text="Sale <b>begins</b>")
    shares.create(store, "seen", name="Board", frame_origins="https://board.example")
    webhooks.disable(store, webhook_id, reason="Nothing succeeded for 5 days.", now=now)
    return api_key


@contextmanager
def seeing(browser: Browser, running: Stack, **options: Any) -> Iterator[Page]:
    """A tab of somebody's that says nothing in its console and asks nobody but the receiver."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    asked: list[str] = []
    said: list[str] = []
    with watched(context.new_page()) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        yield page
    context.close()
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(running.url).netloc}
    assert [text for text in said if NOT_FOUND not in text] == []


def sign_in(page: Page, running: Stack, key: str) -> None:
    page.goto(f"{running.url}/dashboard")
    expect(page.locator("#key")).to_be_focused()  # By itself, from the beginning.
    page.keyboard.type(key)
    page.keyboard.press("Enter")


def test_somebody_signs_in_chooses_a_time_and_a_language_and_leaves(browser: Browser, running: Stack, key: str) -> None:
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, key)
        expect(page.locator("h1")).to_have_text("Shop <b>&</b> Söhne")
        expect(page.locator(".card.requests .number")).to_have_text("70")
        expect(page.locator(".card.visitors .number")).to_have_text("20")
        expect(page.get_by_role("status")).to_contain_text("A webhook is disabled")
        expect(page.locator(".chart .column")).to_have_count(7)
        page.locator(".chart .column").nth(4).hover()
        expect(page.locator(".chart .tip").nth(4)).to_be_visible()
        page.get_by_role("link", name="24 hours").click()
        expect(page.locator(".chart .column")).to_have_count(24)
        expect(page.get_by_role("link", name="24 hours")).to_have_attribute("aria-current", "true")
        page.get_by_text("As a table").click()
        expect(page.locator("details tbody tr")).to_have_count(24)
        page.get_by_role("button", name="日本語").click()
        expect(page).to_have_url(re.compile(r"/applications/seen\?range=24h$"))
        expect(page.locator(".card.requests h2")).to_have_text("リクエスト")
        page.get_by_role("link", name="Webhook", exact=True).click()
        expect(page.get_by_text("Nothing succeeded for 5 days.")).to_be_visible()
        page.get_by_role("button", name="サインアウト").click()
        expect(page.locator("h1")).to_have_text("サインイン")
        page.go_back()
        expect(page.locator("#key")).to_be_visible()


def test_a_link_on_another_site_finds_who_has_signed_in(browser: Browser, running: Stack, key: str, site: Site) -> None:
    here = f"http://localhost:{running.port}/dashboard/applications/seen?range=30d"
    with closing(browser.new_context(locale="en-US")) as context:
        page = context.new_page()
        page.goto(here)
        page.locator("#key").fill(key)
        page.keyboard.press("Enter")
        expect(page.locator(".chart .column")).to_have_count(30)
        page.goto(site.page("/links", f'<a href="{here}">The shop</a>', head=""))
        page.get_by_text("The shop").click()
        expect(page.locator(".chart .column")).to_have_count(30)


def test_the_first_hit_and_those_after_it_appear_by_themselves(
    browser: Browser, running: Stack, store: Database
) -> None:
    _, api_key = applications.create(store, name="New", app_id="new-site")
    pixel = f"{running.url}/pixel.gif?app_id=new-site&url=https://new.example"
    visitor = {"User-Agent": SOMEBODY}
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, api_key)
        expect(page.get_by_role("button", name="Copy")).to_be_visible()
        expect(page.get_by_text("Waiting for the first hit")).to_be_visible()
        page.request.get(f"{pixel}/first", headers=visitor)
        expect(page.get_by_text("The first hit has arrived")).to_be_visible()
        page.locator("[data-done]").get_by_role("link", name="Live").click()
        expect(page.get_by_role("cell", name="/first")).to_be_visible()
        page.evaluate("window.stays = true")
        page.request.get(f"{pixel}/second", headers=visitor)
        expect(page.get_by_role("cell", name="/second")).to_be_visible()
        assert page.evaluate("window.stays"), "without a reload"
