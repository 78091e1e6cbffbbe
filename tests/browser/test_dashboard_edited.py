"""Goals, funnels and settings are changed where they stand, without a script, on a phone and on a desk."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_dashboard import seeing
from tracker.demo.stack import Stack
from tracker.management import applications, goals, settings
from tracker.store.database import Database


@pytest.mark.parametrize("width", [360, 1280])
def test_a_goal_a_funnel_and_settings_are_changed_where_they_stand_without_a_script(
    browser: Browser, running: Stack, store: Database, width: int
) -> None:
    app_id = f"edited-{width}"
    _, api_key = applications.create(store, name="Edited", app_id=app_id)
    for name in ("First", "Second"):
        goals.create_goal(store, app_id, name=name, step="page:/x")
    goals.create_funnel(store, app_id, name="Way", steps=["page:/x", "page:/y"])
    home = f"{running.url}/dashboard/applications/{app_id}"
    size = {"width": width, "height": 800}
    with seeing(browser, running, locale="en-US", java_script_enabled=False, viewport=size) as page:
        page.goto(f"{running.url}/dashboard")
        page.locator("#key").fill(api_key)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Edited")
        for name, renamed in (("First", "Renamed"), ("Way", "Other way")):
            page.goto(f"{home}/goals")
            section = page.locator("section.panel", has=page.get_by_role("heading", name=name, exact=True))
            section.get_by_role("link", name="Change").focus()
            page.keyboard.press("Enter")
            form = section.locator("form.fields")
            inner, outer = form.bounding_box(), section.bounding_box()
            assert inner
            assert outer
            assert inner["x"] + inner["width"] <= outer["x"] + outer["width"], "the form is within its panel"
            field = form.get_by_label("Name", exact=True)
            box = field.bounding_box()
            assert box
            assert box["x"] + box["width"] <= outer["x"] + outer["width"]
            field.fill(renamed)
            page.keyboard.press("Enter")
            expect(page.get_by_role("status")).to_be_visible()
            expect(page.get_by_role("heading", name=renamed, exact=True)).to_be_visible()
        page.goto(f"{home}/settings")
        form = page.get_by_role("form", name="Privacy")
        form.get_by_label("How long hits are kept (days)").fill("30")
        form.get_by_label("Visitors' IP addresses").select_option("full")
        form.get_by_label("How long hits are kept (days)").press("Enter")
        expect(page.get_by_role("status")).to_be_visible()
        expect(page.get_by_label("Visitors' IP addresses")).to_have_value("full")
    assert settings.get(store, app_id, "retention_days").setting_value == "30"
    assert [goal.name for goal in goals.list_(store, app_id)[0]] == ["Renamed", "Second"]
