"""A hit is refused for what PostgreSQL says now, not for what a receiver knew a moment ago."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.support.receiving import Receiving, code, queued
from tests.support.servers_away import postgres_away
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres
from tracker.management import applications, keys
from tracker.management import settings as application_settings
from tracker.queueing.connection import Connection
from tracker.receiver import look_ups
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.receiver.kept_months import KeptMonths
from tracker.store import applications as stored
from tracker.store.database import Database

HIT = {"app_id": "shop"}
BATCH = {"app_id": "shop", "events": [{"url": "https://shop.example/"}]}


@pytest.fixture
def knowing(receiving: Receiving, application: Application, monkeypatch: pytest.MonkeyPatch) -> Receiving:
    """A receiver that knows the application and hears of no change by itself."""
    monkeypatch.setattr(BackgroundTasks, "turn", lambda _: None)
    assert code(receiving.track(HIT)) == (200, None)
    return receiving


def new_key(database: Database, *permissions: str, expires_at: datetime | None = None) -> tuple[str, str]:
    row, key = keys.create(database, "shop", name=None, permissions=permissions, expires_at=expires_at)
    return str(row.id), key


def test_a_key_is_good_from_the_moment_it_is_made(knowing: Receiving, database: Database) -> None:
    for _ in range(5):
        _, key = new_key(database, "track")
        assert code(knowing.track(HIT, key=key)) == (200, None)
        _, key = new_key(database, "track")
        assert code(knowing.batch(BATCH, key=key)) == (200, None)
        # A batch that names its application in its events only.
        _, key = new_key(database, "track")
        assert code(knowing.batch({"events": [{"app_id": "shop"}]}, key=key)) == (200, None)


def test_the_key_that_takes_anothers_place_is_good_at_once(
    knowing: Receiving, database: Database, application_key: str
) -> None:
    _, key = keys.rotate(database, "shop", "first", grace_seconds=0)
    assert code(knowing.track(HIT, key=key)) == (200, None)
    # The old one is known to be over as soon as anything of it was looked up.
    assert code(knowing.track(HIT, key=application_key)) == (401, "INVALID_API_KEY")


def test_a_permission_that_was_given_a_moment_ago_counts(knowing: Receiving, database: Database) -> None:
    key_id, key = new_key(database, "stats:read")
    assert code(knowing.track(HIT, key=key)) == (403, "FORBIDDEN")
    wait_until(lambda: _changed_permission_counts(knowing, database, key_id, key))


def _changed_permission_counts(knowing: Receiving, database: Database, key_id: str, key: str) -> bool:
    keys.update(database, "shop", key_id, {"permissions": ["track"]})
    return code(knowing.track(HIT, key=key)) == (200, None)


def test_an_application_that_takes_hits_again_does_so_at_once(knowing: Receiving, database: Database) -> None:
    applications.set_status(database, "shop", "suspended")
    knowing.receiver.context.applications.refresh()
    applications.set_status(database, "shop", "active")
    assert code(knowing.track(HIT)) == (200, None)


def test_a_new_domain_and_a_new_setting_let_their_pages_in_at_once(knowing: Receiving, database: Database) -> None:
    applications.update(database, "shop", {"domain": "old.example"})
    knowing.receiver.context.applications.refresh()

    def from_page(origin: str) -> Any:
        return knowing.track(HIT, headers={"Origin": origin})

    assert code(from_page("https://old.example")) == (200, None)
    applications.update(database, "shop", {"domain": "new.example"})
    taken = from_page("https://new.example")
    assert code(taken) == (200, None)
    assert taken.headers["Access-Control-Allow-Origin"] == "https://new.example"
    application_settings.set_(database, "shop", "origin_check", "off")
    taken = from_page("https://other.example")
    assert code(taken) == (200, None)
    assert taken.headers["Access-Control-Allow-Origin"] == "https://other.example"


def test_an_application_is_there_from_the_moment_it_is_made(knowing: Receiving, database: Database) -> None:
    assert code(knowing.track({"app_id": "later"})) == (404, "APPLICATION_NOT_FOUND")
    applications.create(database, name="Later", app_id="later")
    # What was not there is not asked for again within a fifth of a second.
    wait_until(lambda: code(knowing.track({"app_id": "later"})) == (200, None))


def count_look_ups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    find = stored.find

    def counted(tx: Any, app_id: str) -> Application | None:
        asked.append(app_id)
        return find(tx, app_id)

    monkeypatch.setattr(stored, "find", counted)
    return asked


def test_who_guesses_keys_is_stopped_and_nobody_else_is(
    knowing: Receiving, database: Database, redis: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count_look_ups(monkeypatch)

    def guess(number: int, address: str) -> Any:
        return knowing.client.post(
            "/v1/track", json=HIT, headers={"X-API-Key": f"alt_{number}"}, environ_base={"REMOTE_ADDR": address}
        )

    answers = [guess(number, f"2001:db8:0:{number % 64:x}::1") for number in range(300)]
    assert {code(answer) for answer in answers} == {(401, "INVALID_API_KEY"), (429, "RATE_LIMIT_EXCEEDED")}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    # A /48 has no more than one address, whatever the machine's speed.
    assert len(asked) < 150
    _, key = new_key(database, "track")
    assert code(knowing.track(HIT, key=key)) == (200, None)
    assert code(knowing.track(HIT)) == (200, None)
    assert len(queued(redis)) == 3


def test_a_wrong_key_that_is_sent_again_and_again_costs_one_look_up(
    knowing: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count_look_ups(monkeypatch)
    monkeypatch.setattr(look_ups, "_SETTLED_SECONDS", 3600.0)
    answers = [knowing.track(HIT, key="alt_old") for _ in range(100)]
    assert {code(answer) for answer in answers} == {(401, "INVALID_API_KEY")}
    assert len(asked) <= 2


def test_a_key_that_cannot_be_looked_up_is_to_be_sent_again(
    knowing: Receiving, database: Database, postgres: Postgres, application_key: str
) -> None:
    with postgres_away(postgres):
        unknown = knowing.track(HIT, key="alt_unknown")
        assert code(unknown) == (503, "SERVICE_UNAVAILABLE")
        assert int(unknown.headers["Retry-After"]) >= 1
        assert code(knowing.track(HIT, key=application_key)) == (200, None)


def test_a_key_that_has_ended_stays_so(knowing: Receiving, database: Database) -> None:
    _, key = new_key(database, "track", expires_at=datetime.now(UTC) + timedelta(seconds=3))
    assert code(knowing.track(HIT, key=key)) == (200, None)
    wait_until(lambda: code(knowing.track(HIT, key=key)) == (401, "INVALID_API_KEY"))


def test_a_revoked_key_ends_in_a_receiver_that_is_asked_for_unknown_ones(
    receiving: Receiving, settings: Settings, application: Application, database: Database
) -> None:
    key_id, key = new_key(database, "track")
    assert code(receiving.track(HIT, key=key)) == (200, None)
    keys.revoke(database, "shop", key_id)
    wait_until(lambda: code(receiving.track(HIT, key=key)) == (401, "INVALID_API_KEY"))


def test_an_old_hit_is_to_be_sent_again_until_it_is_known_which_months_there_are(
    settings: Settings, redis: Connection, application_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(queued(redis))
    two_days_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    old = {"app_id": "shop", "timestamp": two_days_ago}
    usual = BATCH | {"events": [{"url": "https://shop.example/"}, {"timestamp": two_days_ago}]}
    # An array: its events are taken all or none.
    whole = orjson.dumps([{"event_id": "no uuid"}, {"timestamp": two_days_ago}])
    with monkeypatch.context() as away:
        away.setattr(KeptMonths, "look", lambda _: None)
        starting = Receiving(settings)
    monkeypatch.setattr(BackgroundTasks, "turn", lambda _: None)
    with closing(starting):
        for answer in (
            starting.track(old, key=application_key),
            starting.batch(usual, key=application_key),
            starting.batch(whole, key=application_key),
        ):
            assert code(answer) == (503, "SERVICE_UNAVAILABLE")
            assert int(answer.headers["Retry-After"]) >= 1
        assert len(queued(redis)) == before
        assert code(starting.track(HIT, key=application_key)) == (200, None)
        yesterday = (datetime.now(UTC) - timedelta(hours=23)).isoformat()
        assert code(starting.track(HIT | {"timestamp": yesterday}, key=application_key)) == (200, None)
        starting.receiver.context.months.look()
        assert code(starting.track(old, key=application_key)) == (200, None)
        assert code(starting.batch(usual, key=application_key)) == (200, None)
    assert len(queued(redis)) == before + 5
