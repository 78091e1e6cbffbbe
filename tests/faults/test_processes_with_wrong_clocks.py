"""Receivers, workers, schedulers and commands on machines whose clocks are hours or months off: nobody notices."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support import wrong_clocks
from tests.support.command_line import environment, tracker, work_until_dry
from tests.support.queued_hits import rows
from tests.support.running import running
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.hit import identity_of
from tracker.management import applications
from tracker.store.database import Database

pytestmark = pytest.mark.slow

OFFSETS = ["+100d", "-3h", *(pytest.param(offset, marks=pytest.mark.long) for offset in ("+3h", "-100d"))]
HIT = {"app_id": "shop", "url": "https://shop.example/", "session_id": "s"}
SOON = timedelta(minutes=2)
"""As long as a test may take on a busy machine."""


def months(database: Database) -> set[str]:
    stored_rows = rows(
        database, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'access_logs'::regclass"
    )
    return {name for (name,) in stored_rows}


def jobs(database: Database, job_type: str) -> int:
    ((count,),) = rows(database, "SELECT count(*) FROM batch_jobs WHERE job_type = %s", job_type)
    assert isinstance(count, int)
    return count


def post(server: Serving, path: str, body: Mapping[str, Any], **headers: str) -> tuple[int, Any]:
    connection = server.connect()
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    read = json.loads(answer.read())
    connection.close()
    return answer.status, read


def is_soon(time: datetime) -> bool:
    return abs(datetime.now(UTC) - time) < SOON


@pytest.mark.parametrize("offset", OFFSETS)
def test_a_receiver_whose_clock_is_wrong_takes_hits_and_dates_them_right(
    offset: str, settings: Settings, database: Database, tmp_path: Path
) -> None:
    _, key = applications.create(database, name="Shop", app_id="shop")
    before = months(database)
    now = datetime.now(UTC)
    events = [
        {"app_id": "shop", "url": "https://shop.example/batch", "timestamp": time.isoformat()}
        for time in (now, now - timedelta(hours=1), now + timedelta(hours=4))
    ]
    with serving({**environment(settings), **wrong_clocks.by(offset)}, tmp_path, processes=1) as server:
        for _ in range(3):
            status, answer = post(server, "/v1/track", HIT)
            assert status == 200, answer
            assert is_soon(identity_of(UUID(answer["data"]["tracking_id"]))[1])
        status, answer = post(server, "/v1/track/batch", {"app_id": "shop", "events": events}, **{"X-API-Key": key})
        assert status == 200, answer
        taken = [result["success"] for result in answer["data"]["results"]]
        assert taken == [True, True, False], answer
        assert server.log.count("clock is wrong") >= 1
    work_until_dry(settings)
    stored = rows(database, "SELECT url, created_at FROM access_logs ORDER BY id")
    assert len(stored) == 5
    assert all(is_soon(time) for url, time in stored if not url.endswith("batch"))
    with running(settings, tmp_path, "scheduler.py", TRACKER_LOG_FORMAT="json") as scheduler:
        wait_until(lambda: jobs(database, "fold_statistics") > 0)
        assert scheduler.stop() == 0
    assert rows(database, "SELECT is_active, count(*) FROM sessions GROUP BY 1") == [(True, 1)]
    assert months(database) == before


@pytest.mark.parametrize("offset", OFFSETS)
def test_a_worker_whose_clock_is_wrong_stores_hits_as_they_were_received(
    offset: str, settings: Settings, database: Database, tmp_path: Path
) -> None:
    applications.create(database, name="Shop", app_id="shop")
    before = months(database)
    with serving(environment(settings), tmp_path, processes=1) as server:
        assert post(server, "/v1/track", HIT)[0] == 200
    with running(settings, tmp_path, "worker.py", "--burst", **wrong_clocks.by(offset)) as worker:
        assert worker.process.wait(120) == 0, worker.output
        assert worker.said("clock is wrong"), worker.output
    ((created_at,),) = rows(database, "SELECT created_at FROM access_logs")
    assert is_soon(created_at)
    ((last,),) = rows(database, "SELECT last_accessed_at FROM sessions WHERE is_active")
    assert last == created_at
    ((started, completed),) = rows(
        database, "SELECT started_at, completed_at FROM batch_jobs WHERE job_type = 'ingest'"
    )
    assert is_soon(started)
    assert is_soon(completed)
    assert months(database) == before


@pytest.mark.parametrize(
    "offset", ["+100d", *(pytest.param(offset, marks=pytest.mark.long) for offset in ("+800d", "-100d", "+3h"))]
)
def test_a_scheduler_whose_clock_is_wrong_makes_no_months_and_completes_no_hours_to_come(
    offset: str, settings: Settings, database: Database, tmp_path: Path
) -> None:
    applications.create(database, name="Shop", app_id="shop")
    before, began = months(database), datetime.now(UTC)
    with serving(environment(settings), tmp_path, processes=1) as server:
        assert post(server, "/v1/track", HIT)[0] == 200
    work_until_dry(settings)
    with running(settings, tmp_path, "scheduler.py", **wrong_clocks.by(offset)) as scheduler:
        wait_until(lambda: jobs(database, "fold_statistics") > 0)
        wait_until(lambda: rows(database, "SELECT count(reported_at) FROM retention_state") == [(1,)])
        assert scheduler.stop() == 0  # The turns that have begun are ended.
        assert scheduler.output.count("clock is wrong") == 1
    assert months(database) == before
    assert jobs(database, "create_partitions") == 0
    # The hour of the hit is not over, whatever the scheduler's machine says.
    assert jobs(database, "complete_periods") == 0 or datetime.now(UTC).hour != began.hour


@pytest.mark.parametrize("offset", ["+100d", "-800d"])
def test_commands_on_a_machine_whose_clock_is_wrong_make_no_months(
    offset: str, settings: Settings, database: Database
) -> None:
    before = months(database)
    for arguments in (["partitions", "create"], ["migrate"]):
        finished = tracker(settings, *arguments, **wrong_clocks.by(offset))
        assert finished.status == 0, finished.errors
    assert months(database) == before


@pytest.mark.parametrize("offset", ["+3h", "-100d"])
def test_doctor_says_that_its_machine_goes_by_the_servers(offset: str, settings: Settings) -> None:
    findings = tracker(settings, "doctor", "--json", **wrong_clocks.by(offset)).json
    (finding,) = [finding for finding in findings if finding["check"] == "time"]
    assert finding["level"] == "fail"
    assert ("ahead of" if offset.startswith("+") else "behind") in finding["seen"]
    assert [finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "time"] == []
