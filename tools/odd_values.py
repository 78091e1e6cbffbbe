"""An application in which everything is long, large or many, for pictures of what a page makes of that."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from tests.support.failed_hits import fail
from tests.support.registered_webhooks import register, write_failed
from tracker.application import Application
from tracker.management import annotations, applications, goals, keys, members, shares, webhooks
from tracker.store.database import Database

APP: Final = "everything-that-is-long-large-or-many-1234567890ab"
_PATH: Final = "/magazine/2026/autumn/a-long-title-as-editors-write-them-with-every-word-of-the-headline"
_HOSTS: Final = (
    *("newsletter.a-very-long-name-of-a-company.example", "xn--mnchen-3ya.example", "xn--wgv71a119e.example"),
    "llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch.example",
)
_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
)


def make(database: Database) -> Application:
    """Make the application, without its hits."""
    name = "Magazine of the Association of Friends of Unusually Long Names in Munich and Upper Bavaria"
    return applications.create(database, name=name, app_id=APP, domain="magazin.münchen.example")[0]


def hits(now: datetime) -> list[dict[str, Any]]:
    """Return the columns of its hits: all of one day, so that a chart has one bar."""
    numbers, views = count(), []
    for visitor in range(60):
        for page in range(12):
            path = f"{_PATH}/{page}" if page % 3 else f"/{page}"
            query = "?utm_source=a-newsletter-with-a-long-name&utm_campaign=autumn-2026-readers-who-came-back"
            views.append(
                {
                    "url": f"https://magazin.xn--mnchen-3ya.example{path}{query if not page else ''}",
                    "referrer": None
                    if page
                    else f"https://{_HOSTS[visitor % 4]}/from/a/page/that/is/deep/{visitor % 9}",
                    "user_agent": _AGENTS[visitor % 2],
                    "client_sub_id": f"reader-{visitor}",
                    "session_id": f"visit-{visitor}",
                    "event_name": "page_view" if page % 4 else f"newsletter_subscription_form_was_sent_{page}",
                    "screen_resolution": "1920x1080",
                    "language": "pt-BR",
                    "timezone": "America/Sao_Paulo",
                    "timestamp": (now - timedelta(days=2, seconds=720 - next(numbers))).isoformat(),
                }
            )
    return views


def fill(database: Database, application: Application, now: datetime) -> dict[str, object]:
    """Give it what an owner makes, much of it; return a webhook of it, a delivery and a failed hit."""
    for number in range(12):
        goals.create_goal(database, APP, name=f"Readers of the long article {number}", step=f"page:{_PATH}/{number}")
    steps = ["page:/0", *(f"page:{_PATH}/{number}" for number in range(1, 8))]
    goals.create_funnel(database, APP, name="From the first page to the last one of the long article", steps=steps)
    for day in range(25):
        text = f"Note {day}: the newsletter went out to everybody, with a link to the article and to its author"
        annotations.create(database, APP, day=now.date() - timedelta(days=day % 7), text=text)
    for number in range(5):
        name = f"Key of the export to the warehouse of the association, number {number}"
        keys.create(database, APP, permissions=["stats:read", "export:read"], name=name)
        shares.create(database, APP, name=f"For the board, meeting {number}", frame_origins="https://intranet.example")
        token = members.invite(database, APP, name=f"Wilhelmine von Unverzagt {number}", role="editor", now=now)[1]
        if number % 2:
            members.join(database, token, now)
    url = f"https://hooks.a-very-long-name-of-a-company.example/services{_PATH}/in"
    failing, disabled = (register(database, application, "*", url=url + path) for path in ("", "/2"))
    event, why = "tracking.newsletter_subscription_form_was_sent", "The connection was refused."
    delivery = write_failed(database, failing, event=event, error=why, value=_PATH)
    write_failed(database, failing, event="tracking.buy", error=why)
    with database.transaction() as tx:
        tx.execute(b"UPDATE webhook_deliveries SET state = 'waiting', finished_at = NULL WHERE id = %s", (delivery,))
        tx.execute(b"UPDATE webhooks SET failure_count = 7, failing_since = now() WHERE id = %s", (failing,))
    webhooks.disable(database, disabled, now=now)
    failed = [fail(database, application, number) for number in range(12)]
    return {"webhook": failing, "delivery": delivery, "failed": failed[0]}
