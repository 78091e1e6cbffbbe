"""Applications over HTTP."""

from uuid import UUID

import pytest

from tests.support.managing import Managing, data, error
from tests.support.queued_hits import rows
from tracker.application import Application
from tracker.errors import Refused
from tracker.management import applications
from tracker.management.audit import Actor
from tracker.store.database import Database


def test_an_application_is_made_shown_changed_and_deleted(managing: Managing, database: Database) -> None:
    made = managing.post(
        "/v1/applications", {"name": "Shop", "app_id": "shop", "domain": "Shop.Example", "preset": "news"}
    )
    assert made.status_code == 201
    assert made.headers["Location"] == "/v1/applications/shop"
    api_key = data(made)["api_key"]
    shown = managing.get("/v1/applications/shop", key=api_key)
    assert data(shown) == {name: value for name, value in data(made).items() if name != "api_key"}
    assert data(shown)["domain"] == "shop.example"
    changed = managing.patch("/v1/applications/shop", {"description": "Ours"}, key=api_key)
    assert data(changed)["description"] == "Ours"
    replaced = managing.put("/v1/applications/shop", {"name": "New"}, headers={"If-Match": changed.headers["ETag"]})
    assert (data(replaced)["name"], data(replaced)["description"], data(replaced)["domain"]) == ("New", None, None)
    stale = managing.delete("/v1/applications/shop", headers={"If-Match": changed.headers["ETag"]})
    assert error(stale) == (412, "PRECONDITION_FAILED")
    assert data(managing.delete("/v1/applications/shop"))["deleted_at"]
    assert error(managing.get("/v1/applications/shop")) == (404, "APPLICATION_NOT_FOUND")
    assert error(managing.get("/v1/applications/shop", key=api_key)) == (401, "INVALID_API_KEY")
    assert error(managing.post("/v1/applications", {"name": "Again", "app_id": "shop"})) == (409, "CONFLICT")
    assert [row["app_id"] for row in data(managing.get("/v1/applications?deleted=true"))["items"]] == ["shop"]
    actions = [
        action for (action,) in rows(database, "SELECT action FROM audit_log ORDER BY id") if "param" not in action
    ]
    assert actions == ["application.created", "application.updated", "application.updated", "application.deleted"]


def test_pages_show_each_application_once_in_the_order_they_were_made(managing: Managing, database: Database) -> None:
    made = [applications.create(database, name=f"Shop {number}")[0].app_id for number in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        answer = data(managing.get(f"/v1/applications?limit=3{cursor and '&cursor=' + cursor}"))
        seen += [row["app_id"] for row in answer["items"]]
        cursor = answer["next_cursor"]
    assert seen == made
    for wrong in ("nonsense", "WzFd", "WyJhIiwiYiJd", "%00"):
        assert error(managing.get(f"/v1/applications?cursor={wrong}")) == (400, "VALIDATION_ERROR")


def test_a_key_sees_its_own_application_and_makes_none(
    managing: Managing, application: Application, application_key: str, database: Database
) -> None:
    applications.create(database, name="Other", app_id="other")
    assert [row["app_id"] for row in data(managing.get("/v1/applications", key=application_key))["items"]] == ["shop"]
    assert error(managing.post("/v1/applications", {"name": "New"}, key=application_key)) == (403, "FORBIDDEN")
    assert error(managing.get("/v1/applications/other", key=application_key)) == (404, "APPLICATION_NOT_FOUND")
    assert error(managing.get("/v1/applications", key=None)) == (401, "AUTHENTICATION_ERROR")


def test_only_the_operator_ends_a_suspension(
    managing: Managing, application: Application, application_key: str
) -> None:
    assert data(managing.patch("/v1/applications/shop", {"status": "suspended"}))["status"] == "suspended"
    answer = managing.patch("/v1/applications/shop", {"status": "active"}, key=application_key)
    assert error(answer) == (403, "FORBIDDEN")
    assert data(managing.patch("/v1/applications/shop", {"status": "active"}))["status"] == "active"
    assert data(managing.patch("/v1/applications/shop", {"status": "inactive"}, key=application_key))


def test_status_and_rate_limit_are_not_for_every_key_not_even_as_they_were(
    managing: Managing, application: Application, database: Database
) -> None:
    made = managing.post("/v1/applications/shop/api-keys", {"permissions": ["settings:write"]})
    key = data(made)["api_key"]
    limit = application.rate_limit_per_minute
    whole = {"name": "Shop", "rate_limit_per_minute": limit}
    assert data(managing.put("/v1/applications/shop", whole, key=key))["rate_limit_per_minute"] == limit
    assert error(managing.patch("/v1/applications/shop", {"status": "inactive"}, key=key)) == (403, "FORBIDDEN")
    # The operator lowers it between the time at which the key's holder read it and the change.
    managing.patch("/v1/applications/shop", {"rate_limit_per_minute": 5})
    assert error(managing.put("/v1/applications/shop", whole, key=key)) == (403, "FORBIDDEN")
    by = Actor("key", UUID(data(made)["id"]))
    with pytest.raises(Refused, match="first key"):
        applications.update(database, "shop", whole, by=by)


def test_an_owner_lowers_the_rate_limit_and_raises_it_no_further_than_the_operator_did(
    managing: Managing, application: Application, application_key: str, database: Database
) -> None:
    path, column = "/v1/applications/shop", "rate_limit_per_minute"
    allowed = application.rate_limit_per_minute

    def by_owner(limit: int) -> int:
        return managing.patch(path, {column: limit}, key=application_key).status_code

    assert [by_owner(limit) for limit in (allowed + 1, 5, allowed + 1, allowed)] == [403, 200, 403, 200]
    assert managing.patch(path, {column: 50}).status_code == 200
    assert [by_owner(limit) for limit in (51, 10, 50, allowed)] == [403, 200, 200, 403]
    # Without a word of the operator, of an application that was written by hand, the present one is the limit.
    with database.transaction() as tx:
        tx.execute(b"DELETE FROM operator_limits")
    assert [by_owner(limit) for limit in (51, 50, 40, 50)] == [403, 200, 200, 403]
    applications.update(database, "shop", {column: 40})
    assert [by_owner(limit) for limit in (30, 41, 40)] == [200, 403, 200]


def test_every_bad_field_is_named(managing: Managing, application: Application) -> None:
    answer = managing.post("/v1/applications", {"name": 5, "rate_limit_per_minute": True, "colour": "red"})
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert set(answer.get_json()["error"]["details"]) == {"name", "rate_limit_per_minute", "colour"}
    for wrong, field in (
        ({"name": "a\u0000"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"domain": "https://shop.example/"}, "domain"),
        ({"status": "gone"}, "status"),
        ({"rate_limit_per_minute": 0}, "rate_limit_per_minute"),
        ({"rate_limit_per_minute": 2**31}, "rate_limit_per_minute"),
        ({"name": None}, "name"),
    ):
        answer = managing.patch("/v1/applications/shop", wrong)
        assert error(answer) == (400, "VALIDATION_ERROR"), wrong
        assert list(answer.get_json()["error"]["details"]) == [field]


def test_a_request_of_the_wrong_form_is_refused_in_the_envelope(managing: Managing, application: Application) -> None:
    path = "/v1/applications/shop"
    plain = {"Content-Type": "text/plain"}
    js = {"Content-Type": "application/json"}
    assert error(managing.patch(path, b"{}", headers=plain)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert error(managing.patch(path, b"{", headers=js)) == (400, "VALIDATION_ERROR")
    assert error(managing.patch(path, b"[]", headers=js)) == (400, "VALIDATION_ERROR")
    assert error(managing.patch(path, b'{"name": "\\ud800"}', headers=js)) == (400, "VALIDATION_ERROR")
    assert error(managing.patch(path, b" " * 70_000, headers=js)) == (413, "PAYLOAD_TOO_LARGE")
    assert error(managing.patch(path, b"[" * 30_000, headers=js)) == (400, "VALIDATION_ERROR")
    assert error(managing.call("PATCH", path, headers={**js, "Transfer-Encoding": "chunked"})) == (
        411,
        "LENGTH_REQUIRED",
    )
    wrong_method = managing.post(path, {})
    assert error(wrong_method) == (405, "METHOD_NOT_ALLOWED")
    assert "PATCH" in wrong_method.headers["Allow"]
    assert error(managing.get("/v1/nothing")) == (404, "NOT_FOUND")
    assert error(managing.get("/v1/applications/shop%00")) == (404, "NOT_FOUND")
    for name in ("'; DROP TABLE applications; --", "shop' OR '1'='1", "x\r\nSet-Cookie: a=b"):
        assert error(managing.get(f"/v1/applications/{name}")) == (404, "APPLICATION_NOT_FOUND")
