"""Every route of the API, called with nothing, with nonsense, and with the key of another application.

The routes come from the application's own map, so that one that is added later is held to the same.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.managing import Managing, data, error
from tests.support.queued_hits import rows
from tracker.application import PERMISSIONS, Application
from tracker.management import applications, keys
from tracker.store.database import Database

PUBLIC = {"documentation", "health", "beacon_script", "static", "test_page"}
"""Blueprints that are for everybody."""


def routes(managing: Managing) -> Iterator[tuple[str, str, str]]:
    """Method, path with its placeholders, endpoint."""
    for rule in managing.app.url_map.iter_rules():
        if rule.rule.startswith("/v1/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule.rule, rule.endpoint


def filled(path: str, application: str, ids: dict[str, str]) -> str:
    """The path with things of the application in its placeholders."""
    filled_path = path.replace("<application>", application)
    for placeholder, value in ids.items():
        filled_path = filled_path.replace(placeholder, value)
    while "<" in filled_path:
        start, end = filled_path.index("<"), filled_path.index(">")
        filled_path = filled_path[:start] + str(uuid4()) + filled_path[end + 1 :]
    return filled_path


@pytest.fixture
def stranger(database: Database) -> str:
    """The first key of another application, which may everything there."""
    return applications.create(database, name="Stranger", app_id="stranger")[1]


@pytest.fixture
def ids(managing: Managing, application: Application) -> dict[str, str]:
    """What there is of the application, by placeholder."""
    key = data(managing.post("/v1/applications/shop/api-keys", {"permissions": ["track"]}))
    managing.put("/v1/applications/shop/custom-parameters/colour", {"parameter_type": "string"})
    return {"<key_id>": key["id"], "<path:key>": "colour", "<key>": "bot_filter", "<name>": "news"}


def test_nobody_and_nonsense_reach_no_route(managing: Managing, ids: dict[str, str]) -> None:
    seen = 0
    for method, path, _ in routes(managing):
        target = filled(path, "shop", ids)
        assert error(managing.call(method, target, {}, key=None)) == (401, "AUTHENTICATION_ERROR"), (method, path)
        answer = managing.call(method, target, {}, key="alt_nonsense", address=f"192.0.2.{seen % 250}")
        assert error(answer) == (401, "INVALID_API_KEY"), (method, path)
        seen += 1
    assert seen > 30


def test_everything_of_another_application_is_not_there(
    managing: Managing, application: Application, stranger: str, ids: dict[str, str], database: Database
) -> None:
    before = rows(database, "SELECT count(*), max(id) FROM audit_log")
    for method, path, endpoint in routes(managing):
        if "<application>" in path:
            for reference in ("shop", str(application.id)):
                for body in ({}, {"name": "Mine", "setting_value": "keep", "parameter_type": "string"}):
                    answer = managing.call(method, filled(path, reference, ids), body, key=stranger)
                    assert error(answer) == (404, "APPLICATION_NOT_FOUND"), (method, path)
        else:
            target = f"{filled(path, 'shop', ids)}?app_id=shop"
            answer: Any = managing.call(method, target, {}, key=stranger)
            assert answer.status_code in (400, 403, 404), (method, path, endpoint)
            assert "shop" not in str(answer.get_json()["error"]["details"])
    assert rows(database, "SELECT count(*), max(id) FROM audit_log") == before


def test_a_key_without_the_permission_is_told_which_one_it_lacks(
    managing: Managing, application: Application, ids: dict[str, str], database: Database
) -> None:
    weak = keys.create(database, "shop", permissions=["track"])[1]
    for method, path, _ in routes(managing):
        if "<application>" in path and not (method == "GET" and path == "/v1/applications/<application>"):
            answer = managing.call(method, filled(path, "shop", ids), {}, key=weak)
            assert error(answer) == (403, "FORBIDDEN"), (method, path)


def test_no_permission_opens_more_than_its_own_resource(
    managing: Managing, application: Application, ids: dict[str, str], database: Database
) -> None:
    opened: dict[str, set[str]] = {}
    for permission in PERMISSIONS:
        key = keys.create(database, "shop", permissions=[permission])[1]
        for method, path, _ in routes(managing):
            listed = method == "GET" and path.count("/") == 4 and "<application>" in path
            if listed and managing.get(filled(path, "shop", ids), key=key).status_code == 200:
                opened.setdefault(permission, set()).add(path.rsplit("/", 1)[1])
    assert opened["settings:write"] == {"settings", "goals", "funnels", "segments"}
    assert opened["webhooks:write"] == {"webhooks"}
    assert opened["keys:write"] == {"api-keys", "audit-log"}
    assert opened["params:write"] == {"custom-parameters"}
    assert "track" not in opened
    assert "track:trusted" not in opened
