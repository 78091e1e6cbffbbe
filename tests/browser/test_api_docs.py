"""The page about the API: it shows the operations, loads nothing from outside and breaks no rule of its own."""

from playwright.sync_api import Page, expect

from tracker.demo.stack import Stack


def test_the_page_shows_the_api_and_loads_nothing_from_elsewhere(running: Stack, page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{running.url}/docs")
    expect(page.get_by_text("/v1/applications", exact=True).first).to_be_visible()
    page.get_by_text("/v1/applications", exact=True).first.click()
    expect(page.get_by_text("List applications, oldest first").first).to_be_visible()
    assert [url for url in asked if not url.startswith((running.url, "data:"))] == []
    assert complaints == []
