"""`apps delete`, and `--purge`, as an operator runs them."""

from typing import Any

import pytest

from tests.support.command_line import tracker, work_until_dry
from tests.support.counted import assert_exact, fold_everything
from tests.support.erasing import keys_with, tables_with
from tests.support.failed_hits import fail
from tests.support.queued_hits import define, enqueue, hit_of, rows
from tests.support.with_constants import NO_RECEIVER
from tracker.application import Application
from tracker.config import Settings
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database


@pytest.fixture
def two(settings: Settings, redis: Connection, database: Database, application: Application) -> Application:
    """Hits, sessions, statistics, failed and waiting entries of two applications; the other one."""
    other, _ = applications.create(database, name="Other", app_id="neighbour")
    for first, owner in ((0, application), (1000, other)):
        define(database, owner, "p", "string")
        more: dict[str, Any] = {"custom_params": {"p": "v"}, "client_sub_id": "c"}
        enqueue(redis, [hit_of(owner, first + n, session_id=f"{owner.app_id}-{n}", **more) for n in range(5)])
        fail(database, owner, 50 if owner is other else 60)
        redis.set(f"tracker:event:{owner.id}:e", "x")
        work_until_dry(settings)
    fold_everything(database)
    enqueue(redis, [hit_of(application, 70), hit_of(other, 1070)])
    return other


def test_a_deleted_application_keeps_its_rows_and_its_app_id(settings: Settings, two: Application) -> None:
    assert tracker(settings, "apps", "delete", "shop", given=b"n\n").status == 1
    deleted = tracker(settings, "apps", "delete", "shop", "--yes", "--json")
    assert deleted.status == 0, deleted.errors
    assert deleted.json["deleted_at"]
    assert tracker(settings, "apps", "create", "--name", "X", "--app-id", "shop").status == 1
    assert tracker(settings, "apps", "delete", "shop", "--yes").status == 1
    assert tracker(settings, "apps", "delete", "nobody", "--yes").status == 1


def test_of_a_purged_application_nothing_is_left_but_who_ordered_it(
    settings: Settings, database: Database, redis: Connection, application: Application, two: Application
) -> None:
    purged = tracker(settings, "apps", "delete", "shop", "--purge", "--yes", "--json", constants=NO_RECEIVER)
    assert purged.status == 0, purged.errors
    counts = purged.json["counts"]
    assert (counts["access_logs"], counts["custom_parameter_values"], counts["sessions"]) == (5, 5, 5)
    assert (counts["redis_streams"], counts["batch_queue"], counts["statistics_days"]) == (1, 1, 1)
    assert tables_with(database, str(application.id)) == {"audit_log": 1}
    assert rows(
        database, "SELECT action, after IS NOT NULL FROM audit_log WHERE application_id = %s", application.id
    ) == [("application.purged", True)]
    assert keys_with(redis, str(application.id), '"shop"') == []
    assert rows(database, "SELECT app_id, count(*) FROM access_logs GROUP BY app_id") == [("neighbour", 5)]
    assert rows(database, "SELECT app_id, total_requests FROM daily_statistics") == [("neighbour", 5)]
    work_until_dry(settings)
    fold_everything(database)
    assert_exact(database)
    assert rows(database, "SELECT app_id, count(*) FROM access_logs GROUP BY app_id") == [("neighbour", 6)]
    assert tracker(settings, "apps", "create", "--name", "X", "--app-id", "shop").status == 0
