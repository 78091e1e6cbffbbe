from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tracker.application import ApiKey, Application, hash_key
from tracker.errors import Refused
from tracker.receiver.admission import key_of, require_active
from tracker.web.request_headers import presented_key

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SHOP = Application(
    id=uuid4(),
    app_id="shop",
    status="active",
    deleted=False,
    rate_limit_per_minute=1000,
    keys=(
        ApiKey(id=None, key_hash=hash_key("first")),
        ApiKey(id=uuid4(), key_hash=hash_key("tracks"), permissions=frozenset({"track"})),
        ApiKey(id=uuid4(), key_hash=hash_key("reads"), permissions=frozenset({"read"})),
        ApiKey(id=uuid4(), key_hash=hash_key("expired"), permissions=frozenset({"track"}), expires_at=NOW),
        ApiKey(
            id=uuid4(),
            key_hash=hash_key("expiring"),
            permissions=frozenset({"track"}),
            expires_at=NOW + timedelta(seconds=1),
        ),
    ),
)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"HTTP_X_API_KEY": "a"}, "a"),
        ({"HTTP_X_API_KEY": " a "}, "a"),
        ({"HTTP_X_API_KEY": ""}, None),
        ({"HTTP_X_API_KEY": "null"}, None),
        ({"HTTP_X_API_KEY": "Undefined"}, None),
        ({"HTTP_AUTHORIZATION": "Bearer a"}, "a"),
        ({"HTTP_AUTHORIZATION": "bearer  a"}, "a"),
        ({"HTTP_AUTHORIZATION": "Bearer undefined"}, None),
        ({"HTTP_AUTHORIZATION": "Basic YTpi"}, None),
        ({"HTTP_X_API_KEY": "null", "HTTP_AUTHORIZATION": "Bearer a"}, "a"),
    ],
)
def test_a_key_comes_in_either_header_and_some_words_are_none(environ: dict[str, str], expected: str | None) -> None:
    assert presented_key(environ) == expected


def test_no_key_and_the_public_app_id_are_nobody_in_particular() -> None:
    assert key_of(None, SHOP, NOW) is None
    assert key_of("shop", SHOP, NOW) is None


@pytest.mark.parametrize("presented", ["first", "tracks", "expiring"])
def test_a_key_that_may_track_is_found(presented: str) -> None:
    key = key_of(presented, SHOP, NOW)
    assert key is not None
    assert key.key_hash == hash_key(presented)


@pytest.mark.parametrize(
    ("presented", "status", "code"),
    [("wrong", 401, "INVALID_API_KEY"), ("expired", 401, "INVALID_API_KEY"), ("reads", 403, "FORBIDDEN")],
)
def test_any_other_key_is_refused(presented: str, status: int, code: str) -> None:
    with pytest.raises(Refused) as caught:
        key_of(presented, SHOP, NOW)
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize("changes", [{"status": "inactive"}, {"status": "suspended"}, {"deleted": True}])
def test_an_application_that_takes_no_hits_says_so(changes: dict[str, Any]) -> None:
    require_active(SHOP)
    with pytest.raises(Refused) as caught:
        require_active(replace(SHOP, **changes))
    assert (caught.value.status, caught.value.code) == (403, "APPLICATION_INACTIVE")
