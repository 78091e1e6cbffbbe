from playwright.sync_api import Page, expect

from tests.browser.conftest import TEST_PAGE_APP, Visit
from tracker.demo import stack
from tracker.management import applications
from tracker.store.database import Database


def test_a_person_clicks_and_watches_the_hits_arrive(visit: Visit, running: stack.Stack, store: Database) -> None:
    applications.create(store, name="Test page", app_id=TEST_PAGE_APP, rate_limit=10_000)
    said: list[str] = []
    with visit() as page:
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(f"{running.url}/test-page")
        stored = page.locator("#list li")
        expect(stored).to_have_count(1)
        in_japanese(page)
        page.click("[data-alt-event]")
        expect(stored).to_have_count(2)
        expect(stored.first).to_contain_text("add_to_cart")
        expect(stored.first).to_contain_text('"product_id":"P-1001"')
        page.click("#push")
        expect(stored).to_have_count(3)
        page.click("#out")
        expect(page.locator("#state")).to_have_text("オプトアウト済み")
        page.click("#event")
        page.click("#language")
        expect(page.locator("h1")).to_have_text("Test page of the beacon")
        page.click("#in")
        expect(stored).to_have_count(4)
        expect(stored.first).to_contain_text("page_view")
    assert said == []


def in_japanese(page: Page) -> None:
    """As the visitor's browser asks; every text has its translation."""
    expect(page.locator("h1")).to_have_text("ビーコンのテストページ")
    for text in page.locator("[data-text]").all_text_contents():
        assert text.isascii() is (text in {"pushState", "replaceState"}), text
