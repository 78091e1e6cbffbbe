"""The page about the API: it shows the operations, loads nothing from outside and breaks no rule of its own."""

from playwright.sync_api import Page, Route, expect

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


def test_below_a_sub_path_the_page_and_what_it_tries_lead_there(running: Stack, page: Page) -> None:
    asked: list[str] = []

    def take_off(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(response=route.fetch(url=route.request.url.replace("/stats/", "/", 1)))

    page.route(f"{running.url}/**", lambda route: route.abort())
    page.route(f"{running.url}/stats/**", take_off)
    page.goto(f"{running.url}/stats/docs")
    page.get_by_text("/v1/applications", exact=True).first.click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute").first.click()
    expect(page.get_by_text("AUTHENTICATION_ERROR").first).to_be_visible()
    assert f"{running.url}/stats/v1/applications" in {url.partition("?")[0] for url in asked}
