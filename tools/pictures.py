"""Takes the pictures of the dashboard in `docs/`, of a made-up shop on servers of its own.

python -m tools.pictures            # docs/dashboard.png, dashboard-live.png, dashboard-goals.png
python -m tools.pictures FOLDER     # every page, at four widths, each in both schemes and languages, to be looked at

The latter are of the shop, and of an application in which all is long, large or many (`tools.odd_values`).
"""

import itertools
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from playwright.sync_api import Browser, sync_playwright

from tests.support.dashboard_pages import paths
from tests.support.raw_hits import count_days, make_months
from tests.support.registered_webhooks import register, write_failed
from tools import odd_values
from tracker.application import Application
from tracker.demo import stack
from tracker.demo.shop_visits import Visitors
from tracker.management import annotations, applications, goals, members, shares, webhooks
from tracker.store.database import Database
from tracker.store.partitions import Month

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
CHROMIUM: Final = "/usr/bin/chromium"
APP: Final = "example-shop"
DAYS: Final = 64
VISITS: Final = 4600
COLUMNS: Final = (
    *("url", "referrer", "user_agent", "client_sub_id", "session_id", "event_name"),
    *("screen_resolution", "language", "timezone"),
)
SIZES: Final = ((360, 780), (768, 1024), (1440, 900), (1920, 1080))
SCHEMES: Final = ("light", "dark")
LOCALES: Final = ("en-US", "ja-JP")
ODD_RANGES: Final = (
    "?range=7d",
    "?range=7d&page.contains=magazine&source=newsletter.a-very-long-name-of-a-company.example&device.is_not=phone",
)


def fill(database: Database, database_url: str, app_id: str, now: datetime) -> str:
    """Make a shop with visits of some weeks and a few of right now; return its key."""
    application, key = applications.create(database, name="Example Shop", app_id=app_id, domain="shop.example")
    first = now - timedelta(days=DAYS)
    make_months(database, *(Month(day.year, day.month) for day in (first, first + timedelta(days=31), now)))
    visitors = Visitors(7)
    views = visitors.past(app_id, now, days=DAYS, visits=VISITS)
    views += [
        {**view, "timestamp": (now - timedelta(minutes=28) * number / 40).isoformat()}
        for number, view in enumerate(visitors.page_view(app_id) for _ in range(40))
    ]
    store(database_url, application, views, first_id=1)
    count_days(database, first.date(), now.date())
    goals.create_goal(database, app_id, name="Purchase", step="event:purchase")
    goals.create_goal(database, app_id, name="Into the cart", step="event:add_to_cart")
    way = ["page:/", "page:/products/*", "event:add_to_cart", "event:purchase"]
    goals.create_funnel(database, app_id, name="To the purchase", steps=way)
    annotations.create(database, app_id, day=now.date() - timedelta(days=4), text="Newsletter went out")
    register(database, application, "*")
    return key


def store(database_url: str, application: Application, views: Sequence[Mapping[str, Any]], *, first_id: int) -> None:
    """Store hits as a worker does, in the order of their times."""
    copied = f"COPY access_logs (id, application_id, app_id, created_at, {', '.join(COLUMNS)}) FROM STDIN"
    with psycopg.connect(database_url) as connection, connection.cursor().copy(copied.encode()) as copy:
        for number, view in enumerate(sorted(views, key=lambda view: str(view["timestamp"])), first_id):
            values = (view.get(name) for name in COLUMNS)
            copy.write_row([number, application.id, application.app_id, view["timestamp"], *values])


def open_page(browser: Browser, url: str, key: str, width: int, height: int, **options: Any) -> Any:  # noqa: ANN401
    """Return a page of somebody who has signed in."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(90_000)
    page = context.new_page()
    page.goto(f"{url}/dashboard")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    page.wait_for_selector("main h1")
    return page


def take_pictures(browser: Browser, url: str, key: str) -> None:
    """Take those of the documentation."""
    page = open_page(browser, url, key, 1000, 1500, locale="en-US", color_scheme="light")
    home = f"{url}/dashboard/applications/{APP}"
    page.goto(f"{home}?range=30d")
    page.screenshot(path=DOCS / "dashboard.png")
    page.set_viewport_size({"width": 1000, "height": 1080})
    page.goto(f"{home}/goals?range=30d")
    page.screenshot(path=DOCS / "dashboard-goals.png")
    page = open_page(browser, url, key, 1000, 800, locale="en-US", color_scheme="dark")
    page.goto(f"{home}/live")
    page.screenshot(path=DOCS / "dashboard-live.png")


def look_at_all(browser: Browser, url: str, token: str, pages: Mapping[str, str], folder: Path) -> None:
    """Take each page, by its name, at each width, in both schemes and languages."""
    for (width, height), scheme, locale in itertools.product(SIZES, SCHEMES, LOCALES):
        page = open_page(browser, url, token, width, height, locale=locale, color_scheme=scheme)
        for name, address in pages.items():
            page.goto(f"{url}{address}")
            # What is folded is opened on the page itself: forms are to be looked at, too.
            page.evaluate("document.querySelectorAll('details.more').forEach(one => { one.open = true })")
            page.screenshot(path=folder / f"{name}-{width}-{scheme}-{locale[:2]}.png", full_page=True)
        page.context.close()


def named(prefix: str, addresses: Iterable[str]) -> dict[str, str]:
    """Return addresses by names of files; what cannot be guessed in them is left out."""
    names: dict[str, str] = {}
    for at, address in enumerate(addresses):
        path = re.sub(r"[\w-]{30,}", "", address.removeprefix("/dashboard").split("?")[0])
        names[f"{prefix}{at:02}{'_'.join(filter(None, ['', *path.split('/')]))}"] = address
    return names


def main(folder: Path | None) -> None:
    """Start everything, fill it, and take the pictures."""
    with tempfile.TemporaryDirectory() as place, stack.running(Path(place), workers=1) as running:
        database = Database(running.database_url, name="pictures")
        now = datetime.now(UTC)
        key = fill(database, running.database_url, APP, now)
        if folder is not None:
            odd = odd_values.make(database)
            store(running.database_url, odd, odd_values.hits(now), first_id=1_000_000)
            count_days(database, now.date() - timedelta(days=3), now.date())
            odd_names = odd_values.fill(database, odd, now)
        wait_for_facts(running.database_url)
        applications.create(database, name="Fresh", app_id="fresh")
        token = shares.create(database, APP, name="Board")[1]
        invitation = members.invite(database, APP, name="Editor", role="editor", now=now)[1]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--headless"])
            if folder is None:
                take_pictures(browser, running.url, key)
            else:
                folder.mkdir(parents=True, exist_ok=True)
                webhook = webhooks.list_(database, APP)[0].id
                names = {"share": token, "invitation": invitation, "webhook": webhook}
                pages = named("", paths(app=APP, fresh="fresh", delivery=write_failed(database, webhook), **names))
                pages |= odd_pages(odd_names)
                look_at_all(browser, running.url, running.admin_token, pages, folder)
            browser.close()
        database.close()


def odd_pages(names: Mapping[str, object]) -> dict[str, str]:
    """Return the pages of the odd application, and those of the operator that show what fails in it."""
    home = f"/dashboard/applications/{odd_values.APP}"
    addresses = [home + query for query in ODD_RANGES]
    addresses += [
        f"{home}/{part}" for part in ("goals", "quality", "webhooks", "settings", "access", "keys", "changes")
    ]
    webhook = f"{home}/webhooks/{names['webhook']}"
    addresses += [webhook, f"{webhook}/deliveries/{names['delivery']}", f"{home}/values?panel=pages&range=7d"]
    failed = names["failed"]
    addresses += ["/dashboard", "/dashboard/operations", "/dashboard/operations/failed"]
    return named("odd", [*addresses, f"/dashboard/operations/hit?id={failed}"])


def wait_for_facts(database_url: str) -> None:
    """Wait until the scheduler has made the facts of everything."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with psycopg.connect(database_url) as connection:
            [waiting] = connection.execute("SELECT count(*) FROM facts_marks").fetchone() or (0,)
            [made] = connection.execute("SELECT count(*) FROM facts_files").fetchone() or (0,)
        if made and not waiting:
            return
        time.sleep(0.5)
    raise SystemExit("The scheduler has made no facts within two minutes.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
