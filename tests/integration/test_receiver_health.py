import time
from dataclasses import replace
from pathlib import Path

from rq import Worker

from tests.support.managing import Managing, data
from tests.support.receiving import Receiving
from tests.support.servers_away import postgres_away, redis_away, silent_server
from tracker import __version__
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey
from tracker.queueing.connection import Connection
from tracker.queueing.entry import NORMAL
from tracker.store import leases
from tracker.store.database import Database


def states(receiving: Receiving) -> tuple[int, str, dict[str, str]]:
    answer = receiving.client.get("/health")
    data = answer.get_json()["data"]
    return answer.status_code, data["status"], {name: part["state"] for name, part in data["parts"].items()}


def ready(receiving: Receiving) -> int:
    return receiving.client.get("/health/ready").status_code


def test_health_tells_how_every_part_and_the_work_is(
    receiving: Receiving, redis: Connection, database: Database, application: Application
) -> None:
    receiving.track({"app_id": "shop"})
    well = {"redis": "ok", "postgresql": "ok", "applications": "ok", "background_tasks": "ok", "queue": "ok"}
    assert states(receiving) == (200, "degraded", {**well, "workers": "none", "scheduler": "none"})
    with database.transaction() as tx:
        assert leases.take(tx, leases.SCHEDULER, owner="the test", seconds=60)
    register_worker(redis)
    time.sleep(0.6)
    assert states(receiving) == (200, "ok", {**well, "workers": "ok", "scheduler": "ok"})
    ((stream_id, fields),) = redis.xrange(NORMAL)
    redis.delete(NORMAL)
    redis.xadd(NORMAL, fields, id=f"{int(stream_id.split(b'-')[0]) - 61_000}-0")
    time.sleep(0.6)
    assert states(receiving) == (200, "degraded", {**well, "workers": "ok", "scheduler": "ok", "queue": "late"})


def register_worker(redis: Connection) -> None:
    """As a worker does that waits for jobs."""
    Worker(["tracker"], name="tracker-1", connection=redis).register_birth()


def test_figures_are_for_those_who_present_a_key(
    managing: Managing, application: Application, application_key: str
) -> None:
    assert managing.post("/v1/track", {"app_id": "shop"}, key=None).status_code == 200
    # One who keeps sending wrong keys learns nothing, and is counted.
    strangers = [managing.get("/health", key=key) for key in (None, "alt_wrong", "shop", "null")]
    well = {"redis", "postgresql", "applications", "background_tasks", "queue"}
    states = {**dict.fromkeys(well, "ok"), "workers": "none", "scheduler": "none"}
    for answer in strangers:
        assert answer.status_code == 200
        assert data(answer) == {"status": "degraded", "parts": {n: {"state": state} for n, state in states.items()}}
    for key in ("admin", application_key):
        answered = data(managing.get("/health", key=key))
        assert answered["version"] == __version__
        parts = answered["parts"]
        assert parts["workers"]["alive"] == 0
        assert parts["queue"]["oldest_seconds"] >= 0
        assert parts["redis"]["waiting_hits"] == 1
        assert parts["applications"]["known"] == 1
        assert parts["redis"]["latency_ms"] >= 0
        assert parts["background_tasks"]["age_seconds"] >= 0


def test_the_admin_token_sees_figures_while_the_servers_are_away(
    managing: Managing, valkey: Valkey, postgres: Postgres, application: Application, application_key: str
) -> None:
    with redis_away(valkey), postgres_away(postgres):
        time.sleep(0.6)
        answer = managing.get("/health")
        assert (answer.status_code, answer.get_json()["data"]["status"]) == (503, "away")
        assert "latency_ms" in answer.get_json()["data"]["parts"]["redis"]
        unknown = managing.get("/health", key=application_key).get_json()["data"]["parts"]
        assert unknown["redis"] == {"state": "away"}
    assert managing.get("/health/live", key=None).status_code == 200


def test_a_receiver_is_ready_while_one_of_the_servers_is_there(
    receiving: Receiving, valkey: Valkey, postgres: Postgres
) -> None:
    assert ready(receiving) == 200
    with redis_away(valkey):
        time.sleep(0.6)
        assert (ready(receiving), states(receiving)[:2]) == (200, (200, "degraded"))
        with postgres_away(postgres):
            time.sleep(0.6)
            assert (ready(receiving), states(receiving)[:2]) == (503, (503, "away"))
            assert receiving.client.get("/health/live").status_code == 200


def test_health_gives_no_name_and_no_address_away(settings: Settings) -> None:
    opened = Receiving(replace(settings, redis_url="unix:///nowhere/redis.sock"))
    answer = opened.client.get("/health")
    opened.close()
    for secret in ("nowhere", "sock", "postgres@", settings.database_url, "admin"):
        assert secret not in answer.get_data(as_text=True)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_health_answers_in_time_whatever_hangs(settings: Settings, tmp_path: Path) -> None:
    with silent_server(tmp_path / "redis.sock"):
        opened = Receiving(replace(settings, redis_url=f"unix://{tmp_path / 'redis.sock'}"))
        begun = time.monotonic()
        assert states(opened)[:2] == (200, "degraded")
        assert ready(opened) == 200
        assert time.monotonic() - begun < 20
    opened.close()


def test_upkeep_that_stands_still_shows(receiving: Receiving) -> None:
    background_tasks = receiving.receiver.health.background_tasks
    background_tasks.stop()
    background_tasks._turned_at -= 60
    status, overall, parts = states(receiving)
    assert (status, overall, parts["background_tasks"]) == (200, "degraded", "late")
