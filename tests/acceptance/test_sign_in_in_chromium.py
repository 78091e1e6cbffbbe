"""Signing in at a real provider as somebody does it: in Chromium, by an invitation, in both languages.

`make test-clients` runs this.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.needed import need
from tests.support.openid_provider import OpenIdProvider, openid_provider
from tests.support.serving import Serving, serving
from tests.support.waiting import PATIENCE
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.management import applications, members
from tracker.store.database import Database

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("application")]

CHROMIUM = Path("/usr/bin/chromium")
ALICE = "alice@shop.example"
PHONE = {"width": 320, "height": 693}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need(CHROMIUM.exists(), f"{CHROMIUM} is missing: apt-get install chromium")
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as made:
        yield made


@pytest.fixture
def url(environment: dict[str, str], provider: OpenIdProvider, tmp_path: Path) -> Iterator[str]:
    with serving({**environment, **provider.environment}, tmp_path) as server:
        provider.start(address(server))
        yield address(server)


def address(server: Serving) -> str:
    return f"http://127.0.0.1:{server.port}"


@contextmanager
def tab(browser: Browser, locale: str) -> Iterator[Page]:
    """A tab of somebody's, in whose console nothing is said by a page of ours."""
    context = browser.new_context(locale=locale)
    context.set_default_timeout(PATIENCE * 1000)
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text) if is_ours(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


def is_ours(message: ConsoleMessage) -> bool:
    """Whether a page of ours says it; that an answer was a refusal Chromium says by itself."""
    return "/dashboard" in message.location["url"] and not message.text.startswith("Failed to load resource")


def looked_at(page: Page) -> None:
    """The page is accessible in the light and in the dark, and fits a phone."""
    expect(page.locator("main")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # both are literals
        violations = Axe().run(page).response["violations"]
        assert [violation for violation in violations if violation["impact"] in {"serious", "critical"}] == []
    page.emulate_media(color_scheme="light")
    usual = page.viewport_size
    page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a size
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert usual is not None
    page.set_viewport_size(usual)


def sign_in_at_provider(page: Page) -> None:
    page.get_by_placeholder("Enter any login").fill(ALICE)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
def test_an_invited_person_joins_leaves_and_comes_back(
    browser: Browser, url: str, database: Database, locale: str
) -> None:
    english = locale == "en-US"
    now = SystemClock().now()
    _, token = members.invite(database, "shop", name="Alice <b>", role="owner", now=now)
    applications.create(database, name="Second <i>", app_id="second")
    members.invite(database, "second", name="Alice", role="viewer", email=ALICE, now=now)
    with tab(browser, locale) as page:
        page.goto(f"{url}/dashboard/invitation/{token}")
        looked_at(page)
        page.get_by_role("button", name="Example ID").click()
        sign_in_at_provider(page)
        expect(page.locator("h1")).to_have_text("Shop")
        expect(page).to_have_url(f"{url}/dashboard/applications/shop")
        page.goto(f"{url}/dashboard/applications/shop/access")
        expect(page.get_by_text("Alice <b>")).to_be_visible()
        page.locator("summary", has_text="Invite somebody" if english else "メンバーを招待").click()
        page.locator("#member-name").fill("Bob")
        page.locator("#member-email").fill("bob@shop.example")
        looked_at(page)
        page.get_by_role("button", name="Invite somebody" if english else "メンバーを招待").click()
        expect(page.locator("#link-made")).to_be_visible()
        expect(page.get_by_text("bob@shop.example")).to_be_visible()
        page.goto(f"{url}/dashboard")
        expect(page.get_by_text("Second <i>")).to_be_visible()
        looked_at(page)
        page.get_by_role("button", name="Second <i>").click()
        expect(page.locator("h1")).to_have_text("Second <i>")
        page.get_by_role("button", name="Sign out" if english else "サインアウト").click()
        page.get_by_role("button", name="Yes, sign me out").click()
        expect(page).to_have_url(f"{url}/dashboard/sign-in")
        looked_at(page)
        page.goto(f"{url}/dashboard/applications/second?range=30d")
        page.get_by_role("button", name="Example ID").click()
        sign_in_at_provider(page)
        expect(page).to_have_url(f"{url}/dashboard/applications/second?range=30d")
        page.reload()
        expect(page.locator("h1")).to_have_text("Second <i>")


def test_a_key_signs_in_while_the_provider_is_away(
    browser: Browser, url: str, provider: OpenIdProvider, application: Application, application_key: str
) -> None:
    provider.stop()
    with tab(browser, "en-US") as page:
        page.goto(f"{url}/dashboard/applications/{application.app_id}")
        page.get_by_role("button", name="Example ID").click()
        expect(page.get_by_role("alert")).to_contain_text("does not answer as it should")
        page.locator("#key").fill(application_key)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.locator("h1")).to_have_text("Shop")
