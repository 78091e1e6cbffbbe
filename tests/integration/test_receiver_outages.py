import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog.testing

from tests.support.receiving import Receiving, code, queued
from tests.support.servers_away import postgres_away, redis_away, silent_server
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey
from tracker.hit import Hit
from tracker.management import applications
from tracker.queueing.connection import ANSWER_SECONDS, Connection
from tracker.queueing.entry import NORMAL
from tracker.receiver.answers import GIF
from tracker.store import batch_queue
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")

HIT = {"app_id": "shop", "url": "https://shop.example/"}
_NOBODY = (503, "SERVICE_UNAVAILABLE")


def waiting(database: Database) -> int:
    with database.transaction() as tx:
        return batch_queue.count_by_status(tx).get("queued", 0)


def tracking_id(answer: Any) -> UUID:
    assert code(answer) == (200, None)
    return UUID(answer.get_json()["data"]["tracking_id"])


def test_while_redis_is_away_hits_wait_in_batch_queue(
    receiving: Receiving, valkey: Valkey, redis: Connection, database: Database
) -> None:
    receiving.track(HIT)
    with redis_away(valkey):
        taken = tracking_id(receiving.track(HIT))
        assert code(receiving.pixel("app_id=shop")) == (200, None)
        with database.transaction() as tx:
            row = batch_queue.get(tx, taken)
    assert waiting(database) == 2
    assert row is not None
    assert (row.status, row.retry_count, row.max_retries, row.error_message) == ("queued", 0, 3, None)
    assert Hit.decode(row.tracking_data).tracking_id == taken
    # Redis is asked again after a second.
    wait_until(lambda: tracking_id(receiving.track(HIT)) in [entry.id for entry in queued(redis)])
    kept = waiting(database)
    assert tracking_id(receiving.track(HIT)) in [entry.id for entry in queued(redis)]
    assert waiting(database) == kept


def test_an_application_is_looked_up_in_postgresql_while_redis_is_away(
    receiving: Receiving, valkey: Valkey, database: Database
) -> None:
    with redis_away(valkey):
        assert code(receiving.track(HIT)) == (200, None)
        assert code(receiving.track({"app_id": "nobody"})) == (404, "APPLICATION_NOT_FOUND")
    assert waiting(database) == 1


def test_a_batch_waits_in_batch_queue_too(
    receiving: Receiving, valkey: Valkey, database: Database, application_key: str
) -> None:
    with redis_away(valkey):
        answer = receiving.batch({"app_id": "shop", "events": [{}, {"session_id": 1}, {}]}, key=application_key)
    assert code(answer) == (200, None)
    assert answer.get_json()["data"]["processed"] == waiting(database) == 2


def test_the_limit_holds_within_a_process_while_redis_is_away(
    receiving: Receiving, valkey: Valkey, database: Database
) -> None:
    applications.create(database, name="Small", app_id="small", rate_limit=2)
    with redis_away(valkey):
        answers = [receiving.track({"app_id": "small"}) for _ in range(6)]
    # A minute may end in between; then the count begins again.
    assert 2 <= [answer.status_code for answer in answers].count(200) <= 4
    assert waiting(database) == [answer.status_code for answer in answers].count(200)
    refused = answers[-1] if answers[-1].status_code == 429 else answers[2]
    assert code(refused) == (429, "RATE_LIMIT_EXCEEDED")
    assert (refused.headers["X-RateLimit-Limit"], refused.headers["X-RateLimit-Remaining"]) == ("2", "0")


def test_with_both_away_a_hit_is_503_and_comes_back_when_they_do(
    receiving: Receiving, valkey: Valkey, postgres: Postgres, redis: Connection, application_key: str
) -> None:
    receiving.track(HIT)
    with redis_away(valkey), postgres_away(postgres):
        begun = time.monotonic()
        answers = [receiving.track(HIT) for _ in range(50)]
        answers.append(receiving.batch({"app_id": "shop", "events": [{}]}, key=application_key))
        pixel = receiving.pixel("app_id=shop")
        assert time.monotonic() - begun < 20  # Fifty that each wait for a server would take longer.
    assert {code(answer) for answer in answers} == {(503, "SERVICE_UNAVAILABLE")}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in [*answers, pixel])
    assert (code(pixel), pixel.data) == ((200, "SERVICE_UNAVAILABLE"), GIF)
    wait_until(lambda: code(receiving.track(HIT)) == (200, None))


def test_a_full_queue_is_503_and_fills_nothing_else(settings: Settings, database: Database) -> None:
    full = Receiving(replace(settings, queue_limit=1))
    assert code(full.track(HIT)) == (200, None)
    answer = full.track(HIT)
    full.close()
    assert code(answer) == (503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    assert waiting(database) == 0


def test_memory_is_kept_for_single_hits_and_then_for_the_workers(
    settings: Settings, redis: Connection, database: Database, application_key: str
) -> None:
    batch = {"app_id": "shop", "events": [HIT, HIT]}
    for share, codes in ((0.9, [(200, None), _NOBODY]), (1.1, [_NOBODY, _NOBODY])):
        full = Receiving(replace(settings, queue_max_bytes=int(redis.info("memory")["used_memory"] / share)))
        full.receiver.producer.look_at_memory()
        answers = [full.track(HIT), full.batch(batch, key=application_key)]
        full.close()
        assert [code(answer) for answer in answers] == codes
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 503)
    assert redis.xlen(NORMAL) == 1
    assert waiting(database) == 0


def test_a_full_queue_is_logged_when_that_begins_and_ends(settings: Settings, redis: Connection) -> None:
    full = Receiving(replace(settings, queue_limit=1))
    with structlog.testing.capture_logs() as lines:
        for _ in range(5):
            full.track(HIT)
        redis.delete(NORMAL)
        full.track(HIT)
    full.close()
    assert [line["event"] for line in lines] == ["queue full", "queue has room again"]


def test_a_redis_that_hangs_costs_one_request_a_moment_and_the_others_nothing(
    settings: Settings, tmp_path: Path, database: Database
) -> None:
    door = tmp_path / "redis.sock"
    with silent_server(door):
        hanging = Receiving(replace(settings, redis_url=f"unix://{door}"))
        begun = time.monotonic()
        tracking_id(hanging.track(HIT))
        first = time.monotonic() - begun
        assert first < 20
        begun = time.monotonic()
        for _ in range(10):
            tracking_id(hanging.track(HIT))
        # Whether the first one waited, or somebody beside the requests had by then: the others do not, each for itself.
        assert time.monotonic() - begun < 5 * max(first, ANSWER_SECONDS)
    hanging.close()
    assert waiting(database) == 11


def test_when_everything_hangs_the_answer_still_comes(settings: Settings, tmp_path: Path) -> None:
    redis_door, postgres_door = tmp_path / "redis.sock", tmp_path / ".s.PGSQL.5432"
    with silent_server(redis_door), silent_server(postgres_door):
        url = f"postgresql://tracker@/tracker?host={tmp_path}"
        hanging = Receiving(replace(settings, redis_url=f"unix://{redis_door}", database_url=url))
        begun = time.monotonic()
        assert code(hanging.track(HIT)) == (503, "SERVICE_UNAVAILABLE")
        assert time.monotonic() - begun < 20
    hanging.close()
