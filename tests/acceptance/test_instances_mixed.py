"""Two instances mixed by one setting: the processes say so, write nothing, and go on once it is right."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import database_for_a_while
from tests.support.command_line import tracker
from tests.support.queue_entries import entry
from tests.support.running import running
from tests.support.waiting import wait_until
from tests.support.with_constants import NOTHING_MOVES
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.embedded import Postgres
from tracker.instance.check import InstanceCheck
from tracker.queueing import adding
from tracker.queueing.connection import Connection
from tracker.store.database import Database

WRONG_SETTING = 2


@pytest.fixture
def other(settings: Settings, postgres: Postgres, template: str) -> Iterator[Settings]:
    """The settings of a process whose DATABASE_URL leads to another database, and whose Redis is the same."""
    with database_for_a_while(postgres, f"TEMPLATE {template} STRATEGY file_copy") as url:
        yield replace(settings, database_url=url, database_maintenance_url=url, database_read_url=url)


def findings(settings: Settings, check: str, **more: str) -> dict[str, str]:
    """What `doctor` says of one check, by what it has seen."""
    findings: list[dict[str, Any]] = tracker(settings, "doctor", "--json", constants=NOTHING_MOVES, **more).json
    return {finding["seen"]: finding["level"] for finding in findings if finding["check"] == check}


def test_workers_and_commands_of_another_database_refuse_with_one_line(
    settings: Settings, other: Settings, database: Database, redis: Connection, tmp_path: Path
) -> None:
    InstanceCheck(database, redis, SystemClock()).look()
    adding.add(redis, [entry()])
    with running(other, tmp_path, "worker.py") as workers:
        assert workers.process.wait(30) == WRONG_SETTING
    (line,) = [line for line in workers.output.splitlines() if "belongs to the database" in line]
    assert "instance adopt" in line
    assert "Traceback" not in workers.output
    shown = tracker(other, "instance", "show", "--json")
    assert (shown.status, shown.json["together"]) == (1, False)
    refused = tracker(other, "queue", "retry", "--all")
    assert refused.status == WRONG_SETTING
    assert "belongs to the database" in refused.errors
    assert list(findings(other, "instance").values()) == ["fail"]
    assert list(findings(settings, "instance").values()) == ["ok"]
    assert redis.xlen("tracker:hits:normal") == 1
    assert tracker(other, "instance", "adopt", "--yes").status == 0
    assert list(findings(other, "instance").values()) == ["ok"]
    assert list(findings(settings, "instance").values()) == ["fail"]


def test_a_scheduler_of_another_database_is_seen_from_both_sides(
    settings: Settings, other: Settings, database: Database, redis: Connection, tmp_path: Path
) -> None:
    InstanceCheck(database, redis, SystemClock()).look()
    with running(other, tmp_path, "scheduler.py") as scheduler:
        wait_until(lambda: scheduler.said("belongs to the database"))
        for side in (settings, other):
            (seen, level), *_ = findings(side, "processes").items()
            assert (level, "scheduler " in seen) == ("fail", side is settings) or "scheduler" not in seen
        assert "fail" in findings(settings, "processes").values()


def test_workers_at_another_redis_are_seen_from_both_sides(settings: Settings, tmp_path: Path) -> None:
    elsewhere = replace(settings, redis_url=f"{settings.redis_url}?db=1")
    with running(settings, tmp_path, "scheduler.py"), running(elsewhere, tmp_path, "worker.py"):
        wait_until(lambda: "fail" in findings(settings, "processes").values())
        wait_until(lambda: any("workers " in seen for seen in findings(settings, "processes")))
        wait_until(lambda: any("scheduler " in seen for seen in findings(elsewhere, "processes")))


def test_the_doctor_sees_a_maintenance_url_that_leads_elsewhere(settings: Settings, other: Settings) -> None:
    levels = findings(settings, "instance", DATABASE_MAINTENANCE_URL=other.database_url)
    assert "fail" in levels.values()
    assert any("DATABASE_MAINTENANCE_URL leads to" in seen for seen in levels)
