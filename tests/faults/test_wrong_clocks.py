"""Schedulers whose clock is wrong, and PostgreSQL's with it: nothing that is stored goes, and a person is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import wrong_clocks
from tests.support.command_line import tracker
from tests.support.made_data import copy_data
from tests.support.queued_hits import rows
from tests.support.running import Running, running
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres, server
from tracker.management import applications
from tracker.store import application_settings, partition_making, partitions
from tracker.store.database import Database
from tracker.store.partitions import Month

pytestmark = pytest.mark.slow

AT_ONCE = {"tracker.store.deletions:FIRST_SECONDS": 0.0}
"""As if the scheduler had been running for a while."""


@contextmanager
def scheduler(
    settings: Settings, folder: Path, retention: int, *, constants: Mapping[str, float] = AT_ONCE, **variables: str
) -> Iterator[Running]:
    more = {"TRACKER_RETENTION_MONTHS": str(retention), "TRACKER_LOG_FORMAT": "json", **variables}
    with running(settings, folder, "scheduler.py", constants=constants, **more) as started:
        yield started


def store(database: Database, url: str, application: Application, retention: int) -> None:
    """A hit of every month that is kept and of the one before, today's sessions, and what is to be deleted by days."""
    now = datetime.now(UTC)
    months = [Month.of(now).plus(-number) for number in range(retention + 2)]
    partition_making.create(url, months)
    with database.transaction() as tx:
        application_settings.put(tx, application.id, "retention_days", "60" if retention == 1 else "600")
        for time in (now, now - timedelta(days=10), *(month.start for month in months)):
            tx.execute(
                "INSERT INTO access_logs (application_id, app_id, created_at) VALUES (%s, 'shop', %s)",
                [application.id, time],
            )
        tx.execute(
            "INSERT INTO sessions (session_id, application_id, app_id, last_accessed_at)"
            " SELECT 's' || minutes, %s, 'shop', %s - minutes * interval '1 minute'"
            " FROM generate_series(1, 5) AS minutes",
            [application.id, now],
        )
        tx.execute("INSERT INTO batch_jobs (job_type) SELECT 'ingest' FROM generate_series(1, 5)")
        tx.execute("INSERT INTO batch_queue (tracking_data, status, processed_at) VALUES ('{}', 'completed', now())")


def stored(database: Database) -> dict[str, Any]:
    """What a deletion would make less of, and the months."""
    counts = {
        "hits": "SELECT count(*) FROM access_logs",
        "sessions": "SELECT count(*) FROM sessions WHERE is_active",
        "batches": "SELECT count(*) FROM batch_jobs WHERE job_type = 'ingest'",
        "queue": "SELECT count(*) FROM batch_queue",
    }
    kept: dict[str, Any] = {name: rows(database, query)[0][0] for name, query in counts.items()}
    with database.transaction() as tx:
        kept["months"] = {partition.name for partition in partitions.list_partitions(tx)}
    return kept


def lost(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is there no more; months that were made are no loss."""
    counted = {name: (before[name], after[name]) for name in before if name != "months" and after[name] != before[name]}
    return counted | ({"months": gone} if (gone := before["months"] - after["months"]) else {})


def deletes_were_due(started: Running, database: Database) -> bool:
    """Whether the turns that delete have begun: the one that drops months says which retention it has."""
    return rows(database, "SELECT count(*) FROM retention_state WHERE reported_at IS NOT NULL") == [(1,)]


@pytest.mark.parametrize(
    ("offset", "retention"),
    [
        ("+800d", 24),
        ("+100d", 1),
        ("-3h", 24),
        ("+90s", 1),
        *(
            pytest.param(offset, retention, marks=pytest.mark.long)
            for offset, retention in [
                *(("+800d", 1), ("+100d", 24), ("-100d", 1), ("-100d", 24)),
                *(("+3h", 1), ("+3h", 24), ("-3h", 1), ("+90s", 24)),
            ]
        ),
    ],
)
def test_a_scheduler_whose_clock_is_wrong_deletes_nothing_and_says_so_once(
    offset: str,
    retention: int,
    *,
    settings: Settings,
    database: Database,
    application: Application,
    tmp_path: Path,
) -> None:
    store(database, settings.database_url, application, retention)
    before = stored(database)
    with scheduler(settings, tmp_path, retention, **wrong_clocks.by(offset)) as started:
        wait_until(lambda: deletes_were_due(started, database) and started.said("not deleted"))
        assert started.stop() == 0  # The turns that have begun are ended.
    assert lost(before, stored(database)) == {}
    assert started.output.count('"event": "not deleted"') == 1
    assert ("ahead of" if offset.startswith("+") else "behind") in started.output
    doctor = tracker(settings, "doctor", "--json")
    assert doctor.status == 1
    (finding,) = [finding for finding in doctor.json if finding["check"] == "deletions"]
    assert "clock is" in finding["to_do"]


def test_a_scheduler_whose_clock_is_right_drops_the_month_that_is_over(
    settings: Settings, database: Database, application: Application, tmp_path: Path
) -> None:
    store(database, settings.database_url, application, 2)
    before = stored(database)
    with scheduler(settings, tmp_path, 2) as started:
        wait_until(lambda: started.said("month dropped"))
        assert started.stop() == 0
    gone = str(Month.of(datetime.now(UTC)).plus(-3)).replace("-", "_")
    assert lost(before, stored(database)) == {
        "hits": (before["hits"], before["hits"] - 1),
        "months": {f"access_logs_{gone}", f"custom_parameter_values_{gone}"},
    }
    assert [finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "deletions"] == []


def test_in_its_first_minutes_a_scheduler_drops_nothing(
    settings: Settings, database: Database, application: Application, tmp_path: Path
) -> None:
    store(database, settings.database_url, application, 2)
    before = stored(database)
    with scheduler(settings, tmp_path, 2, constants={}) as started:
        wait_until(lambda: deletes_were_due(started, database))
        assert started.stop() == 0
    assert lost(before, stored(database)) == {}


def test_a_retention_that_was_mistyped_waits_for_an_operators_word(
    settings: Settings, database: Database, application: Application, tmp_path: Path
) -> None:
    store(database, settings.database_url, application, 5)
    before = stored(database)
    with scheduler(settings, tmp_path, 2) as started:
        wait_until(lambda: started.said("not deleted"))
        assert started.stop() == 0
    assert lost(before, stored(database)) == {}
    words = "python -m tracker partitions drop --expired"
    assert words in started.output
    (finding,) = [finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "deletions"]
    assert words in finding["to_do"]
    other = tracker(settings, "partitions", "drop", "--expired", "--yes", TRACKER_RETENTION_MONTHS="24")
    assert other.status == 1
    assert "The scheduler runs with TRACKER_RETENTION_MONTHS=2" in other.errors
    no = tracker(settings, "partitions", "drop", "--expired", TRACKER_RETENTION_MONTHS="2", given=b"n\n")
    assert "Drop 4 months" in no.errors
    assert lost(before, stored(database)) == {}
    yes = tracker(settings, "partitions", "drop", "--expired", TRACKER_RETENTION_MONTHS="2", given=b"y\n")
    assert yes.status == 0, yes.errors
    assert len(lost(before, stored(database))["months"]) == 8
    assert [finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "deletions"] == []


@pytest.mark.parametrize("retention", [1, 24])
def test_clocks_that_are_wrong_together_delete_nothing(
    retention: int, settings: Settings, tmp_path: Path, migrated_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL and the scheduler come up with the same time, 800 days ahead."""
    postgres = Postgres(copy_data(migrated_data, tmp_path / "postgres"), durable=False)
    with postgres:
        url = postgres.url_of("tracker")
        database = Database(url, name="tests")
        application, _ = applications.create(database, name="Shop", app_id="shop")
        store(database, url, application, retention)
        before = stored(database)
        database.close()
    with monkeypatch.context() as patched:
        patched.setattr(server, "_ENVIRONMENT", {**server._ENVIRONMENT, **wrong_clocks.by("+800d")})
        postgres.start()
    try:
        servers = {"DATABASE_URL": url, **wrong_clocks.by("+800d")}
        database = Database(url, name="tests")
        ((ahead,),) = rows(database, "SELECT now()")
        assert ahead - datetime.now(UTC) > timedelta(days=799)
        with scheduler(settings, tmp_path, retention, **servers) as started:
            wait_until(lambda: deletes_were_due(started, database) and started.said("not deleted"))
            assert started.stop() == 0
        assert lost(before, stored(database)) == {}
        assert "after the last deletion" in started.output
        database.close()
    finally:
        postgres.stop()
