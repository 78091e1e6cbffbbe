"""API keys over HTTP: what they may, and how they end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.managing import Managing, data, error
from tests.support.queued_hits import rows
from tracker.application import PERMISSIONS, Application
from tracker.store.database import Database

KEYS = "/v1/applications/shop/api-keys"


def make(managing: Managing, *permissions: str) -> tuple[str, str]:
    made = data(managing.post(KEYS, {"permissions": list(permissions)}))
    return made["id"], made["api_key"]


def test_a_key_is_made_shown_changed_and_revoked(
    managing: Managing, application: Application, database: Database
) -> None:
    key_id, key = make(managing, "settings:write", "track")
    shown = managing.get(f"{KEYS}/{key_id}")
    assert data(shown)["permissions"] == {"track": True, "settings:write": True}
    assert "api_key" not in data(shown)
    changed = managing.patch(
        f"{KEYS}/{key_id}", {"name": "CI", "permissions": ["stats:read"]}, headers={"If-Match": shown.headers["ETag"]}
    )
    assert data(changed)["permissions"] == {"stats:read": True}
    said = {"permissions": ["params:write"]}
    stale = managing.put(f"{KEYS}/{key_id}", said, headers={"If-Match": shown.headers["ETag"]})
    assert error(stale) == (412, "PRECONDITION_FAILED")
    put = data(managing.put(f"{KEYS}/{key_id}", said, headers={"If-Match": changed.headers["ETag"]}))
    assert (put["permissions"], put["name"], put["expires_at"]) == ({"params:write": True}, None, None)
    assert error(managing.put(f"{KEYS}/{key_id}", {"name": "CI"})) == (400, "VALIDATION_ERROR")
    assert error(managing.get("/v1/applications/shop/settings", key=key)) == (403, "FORBIDDEN")
    assert [row["id"] for row in data(managing.get(KEYS))["items"]] == ["first", key_id]
    assert data(managing.delete(f"{KEYS}/{key_id}"))["is_active"] is False
    assert error(managing.get("/v1/applications/shop", key=key)) == (401, "INVALID_API_KEY")
    assert error(managing.delete(f"{KEYS}/first")) == (409, "CONFLICT")
    log = str(rows(database, "SELECT before::text, after::text FROM audit_log"))
    assert key not in log
    assert "hash" not in log


def test_a_key_that_has_expired_is_none(managing: Managing, application: Application, database: Database) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = data(managing.post(KEYS, {"permissions": ["stats:read"], "expires_at": soon}))
    assert managing.get("/v1/applications/shop", key=made["api_key"]).status_code == 200
    with database.transaction() as tx:
        tx.execute("UPDATE api_keys SET expires_at = now() - interval '1 second'")
    assert error(managing.get("/v1/applications/shop", key=made["api_key"])) == (401, "INVALID_API_KEY")
    assert error(managing.post(f"{KEYS}/{made['id']}/rotate", {})) == (409, "CONFLICT"), "it would end before it begins"
    assert managing.patch(f"{KEYS}/{made['id']}", {"expires_at": soon}).status_code == 200
    assert managing.post(f"{KEYS}/{made['id']}/rotate", {}).status_code == 201
    past = managing.post(KEYS, {"permissions": ["track"], "expires_at": "2020-01-01T00:00:00Z"})
    assert list(past.get_json()["error"]["details"]) == ["expires_at"]


def test_nobody_grants_or_takes_over_what_they_may_not_do_themselves(
    managing: Managing, application: Application
) -> None:
    _, keeper = make(managing, "keys:write")
    strong_id, _ = make(managing, "settings:write")
    assert error(managing.post(KEYS, {"permissions": ["settings:write"]}, key=keeper)) == (403, "FORBIDDEN")
    assert error(managing.post(f"{KEYS}/{strong_id}/rotate", {}, key=keeper)) == (403, "FORBIDDEN")
    assert error(managing.post(f"{KEYS}/first/rotate", {}, key=keeper)) == (403, "FORBIDDEN")
    assert error(managing.patch(f"{KEYS}/{strong_id}", {"permissions": ["keys:write"]}, key=keeper)) == (
        403,
        "FORBIDDEN",
    )
    assert managing.post(KEYS, {"permissions": ["keys:write"]}, key=keeper).status_code == 201


def test_nobody_ends_a_key_that_may_more(managing: Managing, application: Application) -> None:
    own_id, keeper = make(managing, "keys:write")
    strong_id, _ = make(managing, "settings:write")
    assert error(managing.delete(f"{KEYS}/{strong_id}", key=keeper)) == (403, "FORBIDDEN")
    assert data(managing.get(f"{KEYS}/{strong_id}"))["is_active"] is True
    assert data(managing.delete(f"{KEYS}/{own_id}", key=keeper))["is_active"] is False


def test_a_key_that_ends_leaves_none_behind_that_lasts_longer(
    managing: Managing, application: Application, application_key: str
) -> None:
    ends = "9999-12-30T01:02:03.456789+00:00"
    later = "9999-12-30T01:02:03.456790+00:00"
    temporary = data(managing.post(KEYS, {"permissions": ["keys:write", "track"], "expires_at": ends}))
    lasting_id, _ = make(managing, "track")
    key = temporary["api_key"]
    for path, body in (
        (KEYS, {"permissions": ["track"]}),
        (KEYS, {"permissions": ["track"], "expires_at": later}),
        (f"{KEYS}/{lasting_id}/rotate", {}),
    ):
        assert error(managing.post(path, body, key=key)) == (403, "FORBIDDEN"), body
    for path in (temporary["id"], lasting_id):
        assert error(managing.patch(f"{KEYS}/{path}", {"expires_at": None}, key=key)) == (403, "FORBIDDEN")
    assert managing.post(KEYS, {"permissions": ["track"], "expires_at": ends}, key=key).status_code == 201
    assert data(managing.post(f"{KEYS}/{temporary['id']}/rotate", {}, key=key))["expires_at"] == ends[:-6] + "Z"
    managing.post(f"{KEYS}/first/rotate", {}, key=application_key)
    in_its_grace = managing.post(KEYS, {"permissions": ["keys:write"]}, key=application_key)
    assert error(in_its_grace) == (403, "FORBIDDEN")


def test_a_rotated_key_counts_beside_its_successor_until_its_grace_ends(
    managing: Managing, application: Application, application_key: str
) -> None:
    key_id, old = make(managing, "stats:read")
    new = data(managing.post(f"{KEYS}/{key_id}/rotate", {"grace_seconds": 3600}))
    assert new["permissions"] == {"stats:read": True}
    for key in (old, new["api_key"]):
        assert managing.get("/v1/applications/shop", key=key).status_code == 200
    last = data(managing.post(f"{KEYS}/{new['id']}/rotate", {"grace_seconds": 0}))
    assert error(managing.get("/v1/applications/shop", key=new["api_key"])) == (401, "INVALID_API_KEY")
    assert managing.get("/v1/applications/shop", key=last["api_key"]).status_code == 200


def test_the_first_key_is_replaced_without_a_gap(
    managing: Managing, application: Application, application_key: str
) -> None:
    first = data(managing.post(f"{KEYS}/first/rotate", {}, key=application_key))["api_key"]
    for key in (application_key, first):
        assert managing.get(KEYS, key=key).status_code == 200
    hits = [{"event_name": "x", "user_agent": "Mine", "ip_address": "203.0.113.9"}]
    assert managing.post("/v1/track/batch", {"app_id": "shop", "events": hits}, key=application_key).status_code == 200
    second = data(managing.post(f"{KEYS}/first/rotate", {"grace_seconds": 0}, key=first))["api_key"]
    assert error(managing.get(KEYS, key=first)) == (401, "INVALID_API_KEY")
    assert set(data(managing.get(f"{KEYS}/first", key=second))["permissions"]) == set(PERMISSIONS)


def test_when_a_key_was_used_is_written_later_for_tracking_and_management(
    managing: Managing, application: Application, database: Database, application_key: str
) -> None:
    made = [*(make(managing, "track") for _ in range(3)), ("first", application_key)]
    calls = (
        lambda key: managing.get("/v1/applications/shop", key=key),
        lambda key: managing.post("/v1/track", {"app_id": "shop", "url": "https://a.example/"}, key=key),
        lambda key: managing.post("/v1/track/batch", {"app_id": "shop", "events": [{}]}, key=key),
        lambda key: managing.get("/v1/applications/shop", key=key),
    )
    for (_, key), call in zip(made, calls, strict=True):
        assert call(key).status_code == 200
    assert [row["last_used_at"] for row in data(managing.get(KEYS))["items"]] == [None] * 4
    managing.parts.key_use.flush()
    managing.receiver.context.key_use.flush()
    used = {row["id"]: row["last_used_at"] for row in data(managing.get(KEYS))["items"]}
    assert all(used[key_id] for key_id, _ in made)
    unchanged = "SELECT updated_at < api_key_last_used_at FROM applications WHERE app_id = 'shop'"
    assert rows(database, unchanged) == [(True,)], "receivers need not hear of it"
    successor = data(managing.post(f"{KEYS}/first/rotate", {}))
    assert successor["last_used_at"] is None
    kept = data(managing.get(KEYS))["items"][-1]
    assert (kept["name"], kept["last_used_at"]) == ("first key, replaced", used["first"])


def refused_at_last(managing: Managing, key_of: Callable[[int], str]) -> Any:
    """Return the answer to a wrong key that was one too many for its minute; another one may have begun meanwhile."""
    for number in range(70):
        answer = managing.get("/v1/applications/shop", key=key_of(number), address="192.0.2.1")
        if answer.status_code != 401:
            break
        assert error(answer) == (401, "INVALID_API_KEY")
    assert number >= 30
    assert error(answer) == (429, "RATE_LIMIT_EXCEEDED")
    return answer


def test_many_wrong_keys_of_an_address_are_not_looked_up_any_more(
    managing: Managing, application: Application, application_key: str
) -> None:
    assert managing.get("/v1/applications/shop", key=application_key, address="192.0.2.1").status_code == 200
    refused = refused_at_last(managing, lambda number: f"wrong {number}")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert managing.get("/v1/applications/shop", key=application_key, address="192.0.2.1").status_code == 200
    assert managing.get("/v1/applications/shop", key=application_key, address="192.0.2.2").status_code == 200


def test_a_key_that_was_right_and_ended_is_rationed_as_others_are(managing: Managing, application: Application) -> None:
    key_id, key = make(managing, "stats:read")
    assert managing.get("/v1/applications/shop", key=key, address="192.0.2.1").status_code == 200
    managing.delete(f"{KEYS}/{key_id}")
    refused_at_last(managing, lambda _: key)
