"""Ids of another application's things, under the paths of one's own: they are not there, and stay as they are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.integration.test_api_tenancy import routes
from tests.support.browsing import Browsing, text_of
from tests.support.dashboard_pages import FILTERS
from tests.support.managing import Managing, data
from tests.support.queued_hits import rows
from tests.support.registered_webhooks import register
from tests.support.webhook_endpoints import owe
from tracker.application import Application
from tracker.dashboard import changing
from tracker.errors import invalid
from tracker.management import annotations, applications, goals, keys, members, segments, shares
from tracker.store.database import Database

TABLES = (
    "annotations",
    "api_keys",
    "application_settings",
    "custom_parameter_definitions",
    "erasures",
    "funnels",
    "goals",
    "members",
    "segments",
    "shares",
    "webhooks",
    "audit_log",
)
"""What belongs to an application and is changed by its id."""
BY_ID = {
    "change_funnel",
    "change_goal",
    "delete",
    "delete_goal",
    "delete_funnel",
    "disable",
    "discard",
    "enable",
    "redeliver",
    "remove",
    "revoke",
    "role",
    "rotate",
}
"""Actions of the dashboard's forms that are about one thing."""


@pytest.fixture
def ids(managing: Managing, database: Database, application: Application) -> dict[str, str]:
    """One of each thing that an application has, by its kind."""
    now = datetime.now(UTC)
    webhook = register(database, application, "*")
    delivery = delivered(database, webhook)
    _, token = members.invite(database, "shop", name="Joined", role="viewer", now=now)
    members.join(database, token, now)
    [joined] = members.list_(database, "shop")
    invited, _ = members.invite(database, "shop", name="Invited", role="viewer", now=now)
    managing.put("/v1/applications/shop/custom-parameters/colour", {"parameter_type": "string"})
    erased = data(managing.post("/v1/applications/shop/erasures", {"client_sub_id": ["somebody"]}))
    made: dict[str, Any] = {
        "key": keys.create(database, "shop", permissions=["track"])[0].id,
        "webhook": webhook,
        "delivery": delivery,
        "goal": goals.create_goal(database, "shop", name="Goal", step="page:/thanks").id,
        "funnel": goals.create_funnel(database, "shop", name="Funnel", steps=["page:/", "page:/thanks"]).id,
        "note": annotations.create(database, "shop", day=now.date(), text="A note"),
        "share": shares.create(database, "shop", name="Link")[0],
        "segment": segments.create(database, "shop", name="Blog", filters={"page.contains": "/blog/"}).id,
        "member": joined.id,
        "invitation": invited,
        "parameter": "colour",
        "erasure": erased["id"],
    }
    return {kind: str(made_id) for kind, made_id in made.items()}


@pytest.fixture
def stranger(database: Database) -> str:
    return applications.create(database, name="Stranger", app_id="stranger")[1]


def delivered(database: Database, webhook: UUID) -> int:
    """Return the id of a delivery that the webhook is owed no more."""
    owe(database, webhook, datetime.now(UTC))
    ended = "UPDATE webhook_deliveries SET state = 'failed', finished_at = now() WHERE webhook_id = %s RETURNING id"
    [(delivery,)] = rows(database, ended, webhook)
    return int(delivery)


def under(rule: str, app_id: str, webhook: object, delivery: object) -> str:
    """Return the path that a rule of the dashboard makes of these ids."""
    named = {"<app_id>": app_id, "<uuid:webhook_id>": webhook, "<int:delivery_id>": delivery}
    named["<filters>"] = FILTERS
    for placeholder, value in named.items():
        rule = rule.replace(placeholder, str(value))
    assert "<" not in rule, rule
    return rule


def things(database: Database, application: Application) -> list[Any]:
    """All that the application has, but for when its keys were used."""
    row = "SELECT to_jsonb(thing) - 'last_used_at' FROM"
    kept = [rows(database, f"{row} {table} AS thing WHERE application_id = %s", application.id) for table in TABLES]
    return [*(sorted(map(str, of_table)) for of_table in kept), rows(database, f"{row} webhook_deliveries AS thing")]


def paths(managing: Managing, ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Methods and paths of the API below an application of one's own that name a thing, with another's things."""
    kinds = {"<key_id>": "key", "<goal_id>": "goal", "<funnel_id>": "funnel", "<path:key>": "parameter"}
    kinds["<segment_id>"] = "segment"
    kinds |= {"<uuid:webhook_id>": "webhook", "<uuid:erasure>": "erasure", "<delivery>": "delivery"}
    for method, path, _ in routes(managing):
        named = [placeholder for placeholder in kinds if placeholder in path]
        if "<application>" not in path or not named:
            continue
        filled = path.replace("<application>", "stranger")
        for placeholder in named:
            filled = filled.replace(placeholder, ids[kinds[placeholder]])
        yield method, filled


def test_ids_of_another_application_lead_nowhere_in_the_api(
    managing: Managing, database: Database, application: Application, ids: dict[str, str], stranger: str
) -> None:
    before = things(database, application)
    seen = 0
    for method, path in paths(managing, ids):
        for body in ({}, {"name": "Mine"}, {"since": "2026-01-01T00:00:00Z"}, {"url": "https://203.0.113.7/"}):
            status = managing.call(method, path, body, key=stranger).status_code
            assert status in {400, 404}, (method, path, status)
            seen += status == 404
    assert seen > 50
    assert things(database, application) == before


@pytest.fixture
def actions(managing: Managing, database: Database, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Each form of the dashboard about an application: its path with a placeholder, and its field `action`."""
    named: list[str] = []

    def noted(message: str, **details: list[str]) -> Any:
        named.extend(details.get("action", [""])[0].removeprefix("Must be one of ").split(", "))
        return invalid(message, **details)

    monkeypatch.setattr(changing, "invalid", noted)
    made, key = applications.create(database, name="Any", app_id="any")
    webhook = register(database, made, "*")
    ids = ("any", webhook, delivered(database, webhook))
    owner, forms = Browsing(managing), list[tuple[str, str]]()
    owner.sign_in(key)
    for rule in managing.app.url_map.iter_rules():
        if rule.rule.startswith("/dashboard/applications/") and "POST" in (rule.methods or set()):
            named.clear()
            assert owner.post(under(rule.rule, *ids), action="?").status_code == 400, rule.rule
            forms += [(rule.rule, action) for action in named]
    assert len(forms) > 20
    return forms


def test_no_form_of_the_dashboard_reaches_things_of_others(  # noqa: PLR0917 fixtures
    managing: Managing,
    database: Database,
    application: Application,
    ids: dict[str, str],
    stranger: str,
    actions: list[tuple[str, str]],
) -> None:
    _, viewers_key = keys.create(database, "shop", permissions=["stats:read"])
    _, editors_key = keys.create(database, "shop", permissions=list(members.ROLES["editor"]))
    nobody, other, viewer, editor = (Browsing(managing) for _ in range(4))
    for browsing, key in ((other, stranger), (viewer, viewers_key), (editor, editors_key)):
        browsing.sign_in(key)
    before = things(database, application)
    for path, action in actions:
        ours, theirs = (under(path, app_id, ids["webhook"], ids["delivery"]) for app_id in ("stranger", "shop"))
        fields = {"action": action, "role": "owner", "grace": "0", "was:bot_filter": "drop", "set:bot_filter": "keep"}
        fields |= {"name": "x", "url": "https://203.0.113.7/", "on:*": "on", "may:track": "on", "day": "2026-11-30"}
        assert nobody.post(theirs, id="first", **fields).status_code == 303
        outsiders = (
            [other, viewer]
            if path.endswith(("/goals", "/notes", "/segments", "/settings"))
            else [other, viewer, editor]
        )
        for thing in ids.values():
            answer = other.post(ours, id=thing, **fields)
            assert action not in BY_ID or answer.status_code in {400, 404}, (ours, action)
        assert {browsing.post(theirs, id="first", **fields).status_code for browsing in outsiders} == {404}, theirs
    assert {action for _, action in actions} >= BY_ID
    assert things(database, application) == before


def test_no_page_of_the_dashboard_shows_another_application(
    managing: Managing, ids: dict[str, str], stranger: str
) -> None:
    nobody, other = Browsing(managing), Browsing(managing)
    other.sign_in(stranger)
    seen = 0
    for rule in managing.app.url_map.iter_rules():
        if rule.rule.startswith("/dashboard/applications/<app_id>") and "GET" in (rule.methods or set()):
            for app_id in ("shop", "stranger") if "<uuid:" in rule.rule else ("shop",):
                path = under(rule.rule, app_id, ids["webhook"], ids["delivery"])
                page = other.get(path)
                assert (page.status_code, nobody.get(path).status_code) == (404, 303), path
                assert [name for name in ("Shop", "hooks.example.com") if name in text_of(page)] == [], path
            seen += 1
    assert seen > 10
