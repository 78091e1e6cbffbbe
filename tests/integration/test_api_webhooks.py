"""Webhooks over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.support.managing import Managing, data, error
from tracker.application import Application
from tracker.config import Settings
from tracker.management import applications
from tracker.store.database import Database

WEBHOOKS = "/v1/applications/shop/webhooks"


@pytest.fixture
def managing(settings: Settings) -> Iterator[Managing]:
    api = Managing(replace(settings, webhook_allowed_networks=(ip_network("127.0.0.0/8"),)))
    yield api
    api.close()


def test_a_webhook_is_registered_changed_tried_and_deleted(
    managing: Managing, application: Application, database: Database
) -> None:
    made = managing.post(WEBHOOKS, {"url": "https://127.0.0.1:9443/hook", "events": ["application.updated"]})
    assert made.status_code == 201
    assert data(made)["secret"].startswith("whsec_")
    path = f"{WEBHOOKS}/{data(made)['id']}"
    shown = managing.get(path)
    assert "secret" not in data(shown)
    assert [row["id"] for row in data(managing.get(WEBHOOKS))["items"]] == [data(made)["id"]]
    changed = managing.patch(path, {"events": ["*"]}, headers={"If-Match": shown.headers["ETag"]})
    assert data(changed)["events"] == ["*"]
    said = {"url": "https://127.0.0.1:9443/elsewhere", "events": ["application.updated", "session.started"]}
    assert error(managing.put(path, {"events": ["*"]})) == (400, "VALIDATION_ERROR"), "a part is for PATCH"
    assert error(managing.put(path, said, headers={"If-Match": shown.headers["ETag"]})) == (412, "PRECONDITION_FAILED")
    put = managing.put(path, said, headers={"If-Match": changed.headers["ETag"]})
    assert {name: data(put)[name] for name in said} == said
    assert (data(put)["id"], put.headers["ETag"]) == (data(made)["id"], managing.get(path).headers["ETag"])
    assert error(managing.delete(path, headers={"If-Match": shown.headers["ETag"]})) == (412, "PRECONDITION_FAILED")
    assert managing.patch("/v1/applications/shop", {"name": "Renamed"}).status_code == 200
    trial = managing.post(f"{path}/test")
    assert trial.status_code == 202
    deliveries = data(managing.get(f"{path}/deliveries"))["items"]
    assert [row["event_type"] for row in deliveries] == ["webhook.test", "application.updated"]
    page = data(managing.get(f"{path}/deliveries?limit=1"))
    rest = data(managing.get(f"{path}/deliveries?limit=1&cursor={page['next_cursor']}"))
    assert [row["id"] for row in page["items"] + rest["items"]] == [row["id"] for row in deliveries]
    assert managing.post(f"{path}/deliveries/{deliveries[0]['id']}/redeliver").status_code == 202
    discarded = managing.post(f"{path}/deliveries/{deliveries[0]['id']}/discard")
    assert (discarded.status_code, data(discarded)["state"]) == (200, "failed")
    assert managing.post(f"{path}/deliveries/{deliveries[0]['id']}/discard").status_code == 409
    redelivered = managing.post(f"{path}/deliveries/redeliver", {"since": "2020-01-01T00:00:00Z"})
    assert data(redelivered) == {"redelivered": 0, "out_of_room": False}
    assert data(managing.post(f"{path}/disable"))["is_active"] is False
    assert error(managing.post(f"{path}/test")) == (409, "CONFLICT")
    assert data(managing.post(f"{path}/enable"))["is_active"] is True
    assert data(managing.post(f"{path}/rotate-secret", {}))["secret"] != data(made)["secret"]
    applications.create(database, name="Other", app_id="other")
    assert error(managing.get(path.replace("shop", "other"))) == (404, "NOT_FOUND")
    assert managing.delete(path).status_code == 200
    assert error(managing.get(path)) == (404, "NOT_FOUND")


def test_a_url_may_be_as_long_as_one_is_that_is_sent_to(managing: Managing, application: Application) -> None:
    longest = "https://127.0.0.1:9443/".ljust(2048, "x")
    made = managing.post(WEBHOOKS, {"url": longest, "events": ["*"]})
    assert data(made)["url"] == longest
    assert error(managing.post(WEBHOOKS, {"url": longest + "x", "events": ["*"]})) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://10.0.0.1/", "events": ["*"]}, "url"),
        ({"url": "https://shop.example:1/", "events": ["*"]}, "url"),
        ({"url": "nonsense", "events": ["*"]}, "url"),
        ({"url": "https://127.0.0.1:9443/", "events": ["sesion.started"]}, "events"),
        ({"url": "https://127.0.0.1:9443/", "events": []}, "events"),
        ({"url": "https://127.0.0.1:9443/", "events": ["*"], "secret": "short"}, "secret"),
        ({"events": ["*"]}, "url"),
    ],
)
def test_what_a_webhook_cannot_be_is_named(
    managing: Managing, application: Application, body: dict[str, object], field: str
) -> None:
    answer = managing.post(WEBHOOKS, body)
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.get_json()["error"]["details"]) == [field]


def test_a_page_after_which_everything_was_deleted_is_followed_by_an_empty_one(
    managing: Managing, application: Application
) -> None:
    assert application.app_id == "shop"
    made = [
        data(managing.post(WEBHOOKS, {"url": f"https://127.0.0.1:9443/{path}", "events": ["*"]}))["id"] for path in "ab"
    ]
    cursor = data(managing.get(f"{WEBHOOKS}?limit=1"))["next_cursor"]
    assert [row["id"] for row in data(managing.get(f"{WEBHOOKS}?cursor={cursor}"))["items"]] == made[1:]
    for webhook in made:
        assert managing.delete(f"{WEBHOOKS}/{webhook}").status_code == 200
    assert data(managing.get(f"{WEBHOOKS}?cursor={cursor}")) == {"items": [], "next_cursor": None}
    assert error(managing.get(f"{WEBHOOKS}?cursor=nonsense")) == (400, "VALIDATION_ERROR")
