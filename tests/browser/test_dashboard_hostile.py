"""Text that would be markup in every stored field: on each page of the dashboard it is text, and it is shown."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, expect

from tests.browser.test_dashboard import seeing, sign_in
from tests.support.dashboard_pages import paths
from tests.support.failed_hits import fail
from tests.support.queued_hits import define
from tests.support.raw_hits import count_days, execute, fill
from tests.support.registered_webhooks import register, write_failed
from tests.support.waiting import wait_until
from tracker.demo.stack import Stack
from tracker.management import annotations, applications, goals, keys, members, shares, webhooks
from tracker.store.database import Database

GROUPS = ("campaigns=utm_terms", "places=languages", "places=cities", "sources=referrers", "pages=exit_pages")
"""Panels of an application's page that another one stands in front of."""


def hostile(field: str) -> str:
    """Markup that is there as an element where a page does not escape it, and that says which field it is from."""
    return f"<b data-hostile=1 class={field}>"


def written(store: Database) -> dict[str, object]:
    """Write an application with such a text in every field; return the names that its pages are reached by."""
    application, _ = applications.create(store, name=hostile("application"), app_id="hostile")
    applications.create(store, name="Fresh", app_id="fresh-one")
    now = datetime.now(UTC)
    # What parameters were is counted as hits come, and tested where they do (test_dashboard_traffic).
    columns = {
        "url": f"'https://shop.example/{hostile('url')}?utm_campaign={hostile('campaign')}&utm_term={hostile('term')}'",
        "event_name": f"CASE WHEN n % 2 = 0 THEN '{hostile('event')}' END",
        "custom_params": f"""jsonb_build_object('colour', 'red', '{hostile("undefined")}', 1)""",
    }
    define(store, application, "colour", "string")
    fill(store, application, 5, start=now - timedelta(minutes=5), client_sub_id="'v' || n", **columns)
    execute(
        store,
        "UPDATE access_logs SET referrer = %s, language = %s, place = %s WHERE app_id = 'hostile'",
        f"https://from.example/{hostile('referrer')}",
        "<b>l",
        f"JP/{hostile('region')}/{hostile('city')}",
    )
    count_days(store, now.date() - timedelta(days=1), now.date())
    goals.create_goal(store, "hostile", name=hostile("goal"), step=f"page:/{hostile('step')}")
    goals.create_funnel(store, "hostile", name=hostile("funnel"), steps=["page:/*", f"event:{hostile('event')}"])
    annotations.create(store, "hostile", day=now.date(), text=hostile("note"))
    keys.create(store, "hostile", permissions=["stats:read"], name=hostile("key"))
    token = shares.create(store, "hostile", name=hostile("share"))[1]
    invitation = members.invite(store, "hostile", name=hostile("member"), role="viewer", now=now)[1]
    url = f"https://hooks.example.com/{hostile('webhook')}"
    webhook = register(store, application, "*", url=url)
    delivery = write_failed(
        store, webhook, event=hostile("delivered"), error=hostile("error"), value=hostile("payload")
    )
    webhooks.disable(store, webhook, reason=hostile("reason"), now=now)
    fail(store, application, 43_000_000)
    execute(store, "UPDATE batch_queue SET error_message = %s WHERE status = 'failed'", hostile("failure"))
    return {
        "app": "hostile",
        "fresh": "fresh-one",
        "share": token,
        "invitation": invitation,
        "webhook": webhook,
        "delivery": delivery,
    }


SHOWN = {
    *("application", "url", "campaign", "term", "event", "undefined", "referrer", "region", "city", "goal"),
    *("step", "funnel", "note", "key", "share", "member", "reason", "failure"),
    *("delivered", "error", "payload"),
}


def test_hostile_text_in_every_stored_field_is_text_on_every_page(
    browser: Browser, running: Stack, store: Database
) -> None:
    names = written(store)
    home = "/dashboard/applications/hostile"
    pages = [*paths(**names), *(f"{home}?{group}" for group in GROUPS), f"{home}?places=regions", f"{home}/values"]
    texts: list[str] = []
    with seeing(browser, running, locale="en-US") as page:
        sign_in(page, running, running.admin_token)
        expect(page.get_by_role("heading", name="Applications")).to_be_visible()
        page.goto(f"{running.url}{home}")
        # The scheduler writes facts some seconds after the rows.
        wait_until(lambda: page.reload() and page.locator("#pages tbody tr").count())
        for address in pages:
            page.goto(f"{running.url}{address}")
            assert page.locator("[data-hostile]").count() == 0, address
            texts.append(page.content().replace("<wbr>", ""))
    everything = "\n".join(texts)
    assert {field for field in SHOWN if f"&lt;b data-hostile=1 class={field}&gt;" not in everything} == set()
