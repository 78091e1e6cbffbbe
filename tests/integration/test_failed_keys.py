"""Wrong keys: who is held for them, and that right ones count all the same."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.managing import Managing, data, error
from tests.support.servers_away import redis_away
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.embedded import Valkey
from tracker.queueing.connection import Connection, connect
from tracker.web.authentication import MAX_FAILURES, MAX_FAILURES_OF_ALL, MAX_LOOK_UPS, FailedKeys

SHOP = "/v1/applications/shop"


class StandingClock(SystemClock):
    """It stands a quarter of a minute past the minute's beginning, wherever there are several."""

    _now = datetime.now(UTC).replace(second=15)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 1000.0


@pytest.fixture
def strict(managing: Managing, redis: Connection) -> Managing:
    """An API for which the minute does not end."""
    _with_failed_keys(managing, FailedKeys(redis, StandingClock()))
    return managing


def _with_failed_keys(managing: Managing, failed_keys: FailedKeys, **changes: Any) -> None:
    check = replace(managing.parts.key_check, failed_keys=failed_keys, **changes)
    managing.parts = replace(managing.parts, key_check=check)


def wrong(managing: Managing, times: int, address: str) -> list[Any]:
    return [managing.get(SHOP, key=f"alt_wrong{number}", address=address) for number in range(times)]


def test_wrong_keys_behind_an_address_do_not_lock_out_a_right_one(
    strict: Managing, application: Application, application_key: str
) -> None:
    answers = wrong(strict, MAX_FAILURES + 5, "192.0.2.1")
    assert [error(answer)[0] for answer in answers] == [401] * MAX_FAILURES + [429] * 5
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    # Neither was seen before, here or elsewhere.
    assert strict.get(SHOP, key=application_key, address="192.0.2.1").status_code == 200
    assert strict.get(SHOP, address="192.0.2.1").status_code == 200
    made = data(strict.post(f"{SHOP}/api-keys", {"permissions": ["stats:read"]}, address="192.0.2.1"))
    assert strict.get("/v1/statistics?app_id=shop", key=made["api_key"], address="192.0.2.1").status_code != 429


def test_a_short_admin_token_is_not_to_be_guessed(
    strict: Managing, redis: Connection, application: Application
) -> None:
    strict.admin_token = "short token"
    _with_failed_keys(strict, FailedKeys(redis, StandingClock()), admin_token="short token")
    assert strict.get(SHOP, address="192.0.2.7").status_code == 200
    _with_failed_keys(strict, FailedKeys(redis, StandingClock()), admin_token="short token")
    wrong(strict, MAX_FAILURES, "192.0.2.1")
    assert error(strict.get(SHOP, address="192.0.2.1")) == (429, "RATE_LIMIT_EXCEEDED")
    assert strict.get(SHOP, address="192.0.2.2").status_code == 200
    # Once it was right here, it counts.
    assert strict.get(SHOP, address="192.0.2.1").status_code == 200


def test_all_of_a_48_is_held_for_what_its_addresses_try(strict: Managing, application: Application) -> None:
    answers = [wrong(strict, 1, f"2001:db8:0:{number:x}::1")[0] for number in range(2 * MAX_FAILURES + 3)]
    assert [error(answer)[0] for answer in answers] == [401] * 2 * MAX_FAILURES + [429] * 3
    assert error(wrong(strict, 1, "2001:db8:1::1")[0])[0] == 401
    answers = [wrong(strict, 1, f"2001:db8:2:3::{number:x}")[0] for number in range(1, MAX_FAILURES + 2)]
    assert error(answers[-1])[0] == 429


def test_everybody_together_has_a_budget(strict: Managing, redis: Connection, application: Application) -> None:
    failed_keys = strict.parts.key_check.failed_keys
    assert not failed_keys.are_too_many("192.0.2.9")
    for number in range(MAX_FAILURES_OF_ALL):
        failed_keys.failed(f"198.{number >> 16}.{number >> 8 & 255}.{number & 255}", "wrong")
    assert FailedKeys(redis, StandingClock()).are_too_many("192.0.2.9"), "in another process"
    assert error(wrong(strict, 1, "192.0.2.9")[0])[0] == 429
    assert strict.get(SHOP, address="192.0.2.9").status_code == 200


def test_redis_holds_neither_addresses_nor_more_than_so_many_counters(redis: Connection) -> None:
    failed_keys = FailedKeys(redis, StandingClock(), salt=b"salt")
    for number in range(6000):
        failed_keys.failed(f"198.18.{number >> 8}.{number & 255}", "wrong")
    [key] = redis.scan_iter("tracker:wrong-keys:*")
    fields: Any = redis.hgetall(key)
    assert len(fields) <= 4097
    assert not any(b"198.18" in field for field in fields)
    assert 0 < int(str(redis.ttl(key))) <= 120


def test_beyond_the_load_that_a_process_takes_only_keys_that_were_right_are_looked_up(redis: Connection) -> None:
    failed_keys = FailedKeys(redis, StandingClock())
    failed_keys.succeeded("right")
    refused = 0
    for _ in range(MAX_LOOK_UPS + 10):
        try:
            failed_keys.require_look_up("unknown")
        except Exception:  # noqa: BLE001 counted below
            refused += 1
    assert refused == 10
    failed_keys.require_look_up("right")


def test_wrong_keys_are_counted_while_redis_is_away(valkey: Valkey) -> None:
    failed_keys = FailedKeys(connect("redis://127.0.0.1:1", name="tests"), StandingClock())
    for number in range(MAX_FAILURES):
        assert not failed_keys.are_too_many("2001:db8::1")
        failed_keys.failed(f"2001:db8::{number % 9 + 1}", "wrong")
    assert failed_keys.are_too_many("2001:db8::1")
    assert not failed_keys.are_too_many("2001:db8:0:1::1")
    with redis_away(valkey):
        assert not FailedKeys(connect(valkey.url, name="tests"), StandingClock()).are_too_many(None)
