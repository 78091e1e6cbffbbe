import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, cast

import pytest

from tests.support.receiving import Receiving, code
from tests.support.servers_away import postgres_away
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres
from tracker.management import applications as management
from tracker.queueing import snapshots
from tracker.queueing.connection import Connection
from tracker.receiver import application_cache
from tracker.receiver.application_cache import ApplicationCache, Source
from tracker.receiver.application_directory import ApplicationDirectory
from tracker.store import applications
from tracker.store.database import Database, Transaction

pytestmark = pytest.mark.usefixtures("application")

HIT = {"app_id": "shop"}


def cache_of(receiving: Receiving) -> ApplicationCache:
    return cast(ApplicationDirectory, receiving.receiver.context.applications).by_app_id


def suspend(database: Database, *, status: str = "suspended") -> None:
    with database.transaction() as tx:
        applications.update(tx, "shop", {"status": status})


def test_a_change_reaches_a_receiver_that_knows_the_application_within_five_seconds(
    receiving: Receiving, database: Database
) -> None:
    assert application_cache.REFRESH_SECONDS + application_cache.FRESH_SECONDS < 5
    assert code(receiving.track(HIT)) == (200, None)
    suspend(database)
    wait_until(lambda: code(receiving.track(HIT)) == (403, "APPLICATION_INACTIVE"))


def test_a_change_reaches_a_receiver_that_adopted_the_shared_snapshot_within_five_seconds(
    receiving: Receiving, settings: Settings, database: Database
) -> None:
    receiving.track(HIT)
    suspend(database)
    second = Receiving(settings)
    wait_until(lambda: code(second.track(HIT)) == (403, "APPLICATION_INACTIVE"))
    second.close()


def test_a_known_application_is_served_without_postgresql(receiving: Receiving, postgres: Postgres) -> None:
    receiving.track(HIT)
    with postgres_away(postgres):
        receiving.receiver.context.background_tasks.turn()
        assert code(receiving.track(HIT)) == (200, None)


def test_a_new_receiver_without_postgresql_serves_from_the_shared_snapshot_however_old(
    receiving: Receiving, postgres: Postgres, redis: Connection, application: Application, application_key: str
) -> None:
    snapshots.put(redis, "shop", b"1700000000.000\n" + application.encode())
    with postgres_away(postgres):
        assert code(receiving.track(HIT, key=application_key)) == (200, None)
    # Back in reach, the truth is asked for again.
    receiving.receiver.context.background_tasks.turn()
    assert code(receiving.track(HIT)) == (200, None)


def test_an_application_that_nobody_can_look_up_is_503(receiving: Receiving, postgres: Postgres) -> None:
    with postgres_away(postgres):
        begun = time.monotonic()
        answers = [receiving.track({"app_id": f"new{number}"}) for number in range(20)]
        assert time.monotonic() - begun < 20  # Twenty that each wait for a server would take longer.
    assert {code(answer) for answer in answers} == {(503, "SERVICE_UNAVAILABLE")}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)


def test_a_snapshot_that_cannot_be_read_is_none(receiving: Receiving, redis: Connection) -> None:
    for garbage in (b"", b"garbage", b"1e9\n{}", b"\n\n", b'99999999999\n{"keys":[]}'):
        snapshots.put(redis, "shop", garbage)
        assert code(receiving.track(HIT)) == (200, None)
        cache_of(receiving)._known.clear()


def test_an_application_made_after_it_was_asked_for_is_found(receiving: Receiving, database: Database) -> None:
    assert code(receiving.track({"app_id": "later"})) == (404, "APPLICATION_NOT_FOUND")
    management.create(database, name="Later", app_id="later")
    wait_until(lambda: code(receiving.track({"app_id": "later"})) == (200, None))


def test_an_application_that_is_gone_is_forgotten(receiving: Receiving, database: Database) -> None:
    receiving.track(HIT)
    with database.transaction() as tx:
        tx.execute("DELETE FROM applications WHERE app_id = 'shop'")
    receiving.receiver.context.applications.refresh()
    # The snapshot of a moment ago may still serve.
    wait_until(lambda: code(receiving.track(HIT)) == (404, "APPLICATION_NOT_FOUND"))


def test_many_threads_that_miss_the_same_application_ask_once(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(tx: Transaction, app_ids: Sequence[str]) -> dict[str, Application]:
        asked.extend(app_ids)
        # Long enough for the others to arrive while this one asks.
        tx.execute("SELECT pg_sleep(0.2)")
        return applications.find_many(tx, app_ids)

    monkeypatch.setattr(cache_of(receiving), "_source", Source(counted, "application"))
    together = Barrier(12)

    def ask(app_id: str) -> str | None:
        together.wait()
        application = receiving.receiver.context.applications.find(app_id)
        return application.app_id if application else None

    with ThreadPoolExecutor(12) as threads:
        names = list(threads.map(ask, ["shop"] * 6 + ["nobody"] * 6))
    assert names == ["shop"] * 6 + [None] * 6
    assert sorted(asked) == ["nobody", "shop"]


def test_a_known_application_costs_no_look_up(receiving: Receiving, monkeypatch: pytest.MonkeyPatch) -> None:
    receiving.track(HIT)
    monkeypatch.setattr(cache_of(receiving), "_snapshots", None)
    monkeypatch.setattr(cache_of(receiving), "_source", None)
    assert code(receiving.track(HIT)) == (200, None)


def test_a_hit_of_a_known_application_costs_one_round_trip_to_redis(receiving: Receiving, redis: Connection) -> None:
    def calls() -> dict[str, int]:
        statistics: Any = redis.info("commandstats")
        return {name.removeprefix("cmdstat_"): numbers["calls"] for name, numbers in statistics.items()}

    receiving.receiver.context.background_tasks.stop()
    receiving.track(HIT)
    # The wake-up that this hit asked for is added beside the requests.
    wait_until(lambda: redis.exists("rq:queue:tracker") and not redis.exists("tracker:nudge:tracker:adding"))
    redis.set("tracker:nudge", "1")
    before = calls()
    assert {code(receiving.track(HIT)) for _ in range(20)} == {(200, None)}
    asked = {name: count - before.get(name, 0) for name, count in calls().items() if count > before.get(name, 0)}
    within_the_script = {"xlen": 80, "hmget": 40, "hset": 40, "xadd": 20, "set": 20, "hincrby": 20}
    # With a new minute the day's bytes are looked at.
    assert all(asked.pop(name, 0) <= 1 for name in ("get", "incrby", "expire"))
    assert asked == {"evalsha": 20, **within_the_script, "info": 1}


def test_names_that_nobody_has_do_not_fill_the_memory(receiving: Receiving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_cache, "_MAX_UNKNOWN", 5)
    cache = cache_of(receiving)
    for number in range(12):
        assert cache.find(f"nobody{number}") is None
    assert len(cache._unknown) <= 5
