"""Forms that a page of somebody else sends, and pages that a share link does not have: each route, from the map."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from werkzeug.routing import Rule

from tests.support.browsing import OWN, Browsing
from tests.support.failed_hits import fail
from tests.support.managing import Managing
from tests.support.queued_hits import rows
from tests.support.registered_webhooks import register, write_failed
from tracker.application import Application
from tracker.management import members, shares
from tracker.store.database import Database

FOREIGN = (
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "null"},
    {},
)
"""What browsers say of a form that is none of ours, and what something says that is no browser."""
NEEDS_A_PROVIDER = {"sign-in-provider", "home-done"}
"""Not there in an installation that has none."""


@pytest.fixture
def operator(managing: Managing) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


def rules(managing: Managing, method: str) -> Iterator[Rule]:
    for rule in managing.app.url_map.iter_rules():
        if rule.endpoint.startswith("dashboard.") and method in (rule.methods or ()):
            yield rule


def stored(database: Database) -> dict[str, str]:
    """What each table holds, as a checksum."""
    names = rows(
        database, "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    digest = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM"
    return {name: rows(database, f'{digest} "{name}" AS t')[0][0] for (name,) in names}


def forms(failed: UUID, webhook: UUID, operator_token: str) -> dict[str, dict[str, str]]:
    """A form for each route, by its endpoint, that changes something where a page of our own sends it."""
    return {
        "sign-in-done": {"key": operator_token},
        "sign-in-provider": {},
        "language": {"language": "ja"},
        "home-done": {"id": "1"},
        "new-application-create": {"name": "New", "app_id": "new", "rate_limit_per_minute": "60"},
        "failed-hits-change": {"action": "discard", "id": str(failed)},
        "goals-save": {"action": "goal", "name": "Cart", "kind": "page", "value": "/cart"},
        "notes-save": {"action": "add", "day": "2026-01-31", "text": "Sale"},
        "segments-save": {"action": "add", "name": "Blog", "filters": "?page.contains=%2Fblog"},
        "share-password": {"password": "long enough"},
        "webhooks-save": {"action": "test", "id": str(webhook)},
        "deliveries-save": {"action": "change", "on:session.started": "on"},
        "delivery-save": {"action": "redeliver"},
        "keys-save": {"action": "create", "name": "Another", "may:stats:read": "on"},
        "settings-save": {"action": "application", "name": "Renamed"},
        "access-save": {"action": "share", "name": "Board"},
        "invitation-done": {},
        "sign-out": {},
    }


def test_no_form_of_another_site_changes_anything(
    managing: Managing, operator: Browsing, database: Database, application: Application
) -> None:
    webhook = register(database, application, "*")
    delivery = write_failed(database, webhook)
    sent = forms(fail(database, application, 1), webhook, managing.admin_token)
    by_endpoint = {rule.endpoint.removeprefix("dashboard."): rule.rule for rule in rules(managing, "POST")}
    assert sent.keys() == by_endpoint.keys(), "each route is tried"
    invitation = members.invite(database, "shop", name="Hanako", role="owner", now=datetime.now(UTC))[1]
    shared = shares.create(database, "shop", name="With a password", password="long enough")[1]
    paths = {
        endpoint: rule.replace("<app_id>", "shop")
        .replace("<uuid:webhook_id>", str(webhook))
        .replace("<int:delivery_id>", str(delivery))
        .replace("<token>", shared if endpoint.startswith("share-") else invitation)
        for endpoint, rule in by_endpoint.items()
    }
    before = stored(database)
    for endpoint, fields in sent.items():
        for headers in FOREIGN:
            refused = operator.post(paths[endpoint], headers=headers, **fields)
            assert (refused.status_code, refused.headers.get("Set-Cookie")) == (403, None), (endpoint, headers)
    assert stored(database) == before
    for endpoint, fields in sent.items():
        done = operator.post(paths[endpoint], headers=OWN, **fields)
        if endpoint in NEEDS_A_PROVIDER:
            assert done.status_code == 404, endpoint
            continue
        assert done.status_code in (200, 303), (endpoint, done.text)
        now = stored(database)
        assert now != before or done.headers.get("Set-Cookie"), f"{endpoint} would have changed something"
        before = now


def test_a_share_link_leads_to_no_page_and_no_change_but_its_own(
    managing: Managing, database: Database, application: Application
) -> None:
    token = shares.create(database, "shop", name="Board")[1]
    shared = {rule.rule for rule in rules(managing, "GET") if rule.rule.startswith("/dashboard/share/")}
    assert len(shared) >= 8
    guest = Browsing(managing)
    tried = 0
    for rule in rules(managing, "GET"):
        of_application = rule.rule.startswith("/dashboard/applications/<app_id>")
        by_link = rule.rule.replace("/applications/<app_id>", "/share/<token>")
        if not of_application or by_link in shared:
            continue
        tried += 1
        filled = by_link.replace("<uuid:webhook_id>", str(UUID(int=0))).replace("<int:delivery_id>", "1")
        for path in (filled.replace("<token>", token), filled.replace("/share/<token>", "/applications/shop")):
            answer = guest.get(path, headers={"Referer": f"http://localhost/dashboard/share/{token}"})
            assert answer.status_code in (303, 404), path
            assert answer.status_code == 404 or answer.location.startswith("/dashboard/sign-in?"), path
            assert "Shop" not in answer.text
    assert tried >= 8
    before = stored(database)
    for rule in rules(managing, "POST"):
        if rule.rule.startswith("/dashboard/applications/"):
            path = rule.rule.replace("/applications/<app_id>", f"/share/{token}").replace("<int:delivery_id>", "1")
            path = path.replace("<uuid:webhook_id>", str(UUID(int=0)))
            for fields in forms(UUID(int=0), UUID(int=0), managing.admin_token).values():
                assert guest.post(path, **fields).status_code in (303, 404, 405), path
    assert stored(database) == before
