"""The commands and the API do the same on the same data, and say the same of what they refuse."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.command_line import tracker
from tests.support.managing import Managing, data
from tracker.application import Application
from tracker.config import Settings


@pytest.fixture
def managing(settings: Settings) -> Iterator[Managing]:
    api = Managing(settings)
    yield api
    api.close()


def said(settings: Settings, *arguments: str) -> Any:
    finished = tracker(settings, *arguments, "--json")
    assert finished.status == 0, finished.errors
    return finished.json


def test_both_show_the_same_rows(settings: Settings, managing: Managing, application: Application) -> None:
    app = "/v1/applications/shop"
    changed = said(settings, "apps", "update", "shop", "--name", "Renamed", "--rate-limit", "5000")
    assert changed == data(managing.get(app))
    said(settings, "params", "set", "price", "--app-id", "shop", "--type", "number", "--min", "0")
    managing.put(f"{app}/custom-parameters/colour", {"parameter_type": "string"})
    assert (
        said(settings, "params", "list", "--app-id", "shop") == data(managing.get(f"{app}/custom-parameters"))["items"]
    )
    said(settings, "settings", "set", "bot_filter", "keep", "--app-id", "shop")
    assert said(settings, "settings", "list", "--app-id", "shop") == data(managing.get(f"{app}/settings"))["items"]
    made = said(settings, "keys", "create", "--app-id", "shop", "--permission", "stats:read", "--name", "reports")
    assert managing.get(app, key=made["api_key"]).status_code == 200
    assert said(settings, "keys", "list", "--app-id", "shop") == data(managing.get(f"{app}/api-keys"))["items"]
    rotated = said(settings, "keys", "rotate", made["id"], "--app-id", "shop", "--grace", "0")
    assert managing.get(app, key=made["api_key"]).status_code == 401
    assert said(settings, "keys", "revoke", rotated["id"], "--app-id", "shop")["is_active"] is False
    assert managing.get(app, key=rotated["api_key"]).status_code == 401
    said(settings, "params", "delete", "price", "--app-id", "shop")
    assert [row["parameter_key"] for row in data(managing.get(f"{app}/custom-parameters"))["items"]] == ["colour"]
    log = data(managing.get(f"{app}/audit-log"))["items"]
    assert [(row["action"], row["actor_kind"]) for row in reversed(log)][:4] == [
        ("application.created", "command"),
        ("application.updated", "command"),
        ("custom_parameter.created", "command"),
        ("custom_parameter.created", "admin"),
    ]


def test_both_refuse_with_the_same_sentence(settings: Settings, managing: Managing, application: Application) -> None:
    app = "/v1/applications/shop"
    one = f"{app}/settings/bot_filter"
    for arguments, answer in (
        (
            ("settings", "set", "bot_filters", "keep"),
            managing.put(f"{one}s", {"setting_value": "keep"}),
        ),
        (("settings", "set", "bot_filter", "no"), managing.put(one, {"setting_value": "no"})),
        (("params", "delete", "price"), managing.delete(f"{app}/custom-parameters/price")),
        (("keys", "revoke", "first"), managing.delete(f"{app}/api-keys/first")),
        (("keys", "revoke", "nonsense"), managing.delete(f"{app}/api-keys/nonsense")),
    ):
        finished = tracker(settings, *arguments, "--app-id", "shop")
        assert finished.status == 1
        assert answer.get_json()["error"]["message"] in finished.errors
