"""Months whose facts stay when PostgreSQL drops their rows."""

from contextlib import closing
from typing import Any

import pytest

from tests.integration.conftest import MovableClock
from tests.support.archiving import HITS, OLD, reports
from tests.support.command_line import tracker
from tests.support.deleting import DeletionsBy
from tests.support.facts import make_facts, writer_of
from tests.support.queued_hits import rows
from tests.support.raw_hits import execute
from tracker import config
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.errors import Refused
from tracker.maintenance.archive_months import Archive
from tracker.maintenance.drop_partitions import drop_month, drop_old_partitions
from tracker.schedule import table
from tracker.store import archived_days, deletions, facts_files, partition_removal, statistics_removals
from tracker.store.database import Database
from tracker.store.partitions import Month
from tracker.wiring.scheduler import STATISTICS, scheduler

pytestmark = pytest.mark.usefixtures("old_month")

PERIOD = ("--from", str(OLD.start.date()), "--to", str(OLD.plus(1).start.date()))


def months_of(database: Database) -> list[str]:
    names = rows(database, "SELECT relname FROM pg_class WHERE relname LIKE %s", f"%{str(OLD).replace('-', '_')}")
    return [name for (name,) in names]


def archive_of(database: Database, settings: Settings, *, months: int = 0) -> Archive:
    return Archive(writer=writer_of(database, settings.facts_url), months=months, has_hits=False)


def test_reports_over_a_month_that_was_archived_are_those_of_before_and_exact(
    settings: Settings, database: Database, application: Application
) -> None:
    before = reports(database, settings)
    counted = rows(database, "SELECT date, total_requests, unique_visitors FROM daily_statistics ORDER BY date")
    assert [exact for exact, _ in before] == [True] * len(before)
    done = tracker(settings, "partitions", "archive", str(OLD), "--yes", "--json")
    assert (done.status, done.json["hits"], done.json["full"]) == (0, HITS, False)
    assert months_of(database) == []
    assert reports(database, settings) == before
    assert rows(database, "SELECT date, total_requests, unique_visitors FROM daily_statistics ORDER BY date") == counted
    # Neither a writer's sweep nor a rebuild, which have no rows of it any more, takes it away.
    writer = make_facts(database, settings.facts_url)
    writer._sweep()
    assert tracker(settings, "stats", "rebuild", *PERIOD).status == 0
    assert tracker(settings, "stats", "verify").status == 0
    assert reports(database, settings) == before
    listed = tracker(settings, "partitions", "list", "--json").json
    assert [(row["month"], row["rows_estimate"]) for row in listed if row["table"] == "archived"] == [(str(OLD), HITS)]
    again = tracker(settings, "partitions", "archive", str(OLD), "--yes")
    assert (again.status, "archived already" in again.errors) == (1, True)
    made = tracker(settings, "partitions", "create", str(OLD))
    assert (made.status, "partitions restore" in made.errors) == (1, True)
    assert tracker(settings, "partitions", "drop", str(OLD), "--yes").status == 0
    writer._sweep()
    assert [exact for exact, _ in reports(database, settings)] == [False] * len(before)
    assert tracker(settings, "partitions", "create", str(OLD)).status == 0


def test_a_month_that_was_archived_is_not_dropped_when_hits_of_it_have_changed_since(
    settings: Settings, database: Database, application: Application
) -> None:
    archive = archive_of(database, settings)
    assert archive.keep(OLD)
    mark = "INSERT INTO facts_marks (application_id, date, hour) VALUES (%s, %s, 3)"
    execute(database, mark, application.id, OLD.start)
    with pytest.raises(Refused, match="have changed"):
        partition_removal.remove(
            settings.database_url,
            OLD,
            should_continue=lambda: True,
            before=lambda connection: archive.let_go(connection, OLD),
        )
    assert len(months_of(database)) > 1


def test_days_that_are_made_beside_each_other_do_not_wait_for_one_connection(
    settings: Settings, application: Application
) -> None:
    """Of a large day the rows are read for longer than a command waits for its connection."""
    at_once = {"tracker.cli.connections:_WAIT_SECONDS": 0.0}
    rebuilt = tracker(settings, "stats", "rebuild", *PERIOD, constants=at_once)
    assert (rebuilt.status, rebuilt.errors.count("Error")) == (0, 0), rebuilt.errors


def test_days_of_a_month_that_is_not_dropped_after_all_can_be_recounted_as_before(
    settings: Settings, database: Database, application: Application
) -> None:
    class Overtaken(Archive):
        """One beside which a late hit comes."""

        def keep(self, month: Month, **more: Any) -> bool:
            kept = super().keep(month, **more)
            mark = "INSERT INTO facts_marks (application_id, date, hour) VALUES (%s, %s, 3)"
            execute(database, mark, application.id, month.start)
            return kept

    archive = Overtaken(writer=writer_of(database, settings.facts_url), months=0, has_hits=False)
    for earlier in (None, OLD.start.date()):
        with database.transaction() as tx:
            if earlier:
                statistics_removals.note(tx, earlier)
        with pytest.raises(Refused, match="have changed"):
            drop_month(database, settings.database_url, SystemClock(), OLD, statistics=STATISTICS, archive=archive)
        with database.transaction() as tx:
            assert statistics_removals.before(tx, application.id) == earlier


@pytest.mark.long
def test_facts_that_are_damaged_are_made_anew_before_their_month_is_dropped(
    settings: Settings, database: Database, application: Application
) -> None:
    before = reports(database, settings)
    damaged = min(settings.facts_url.rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"\0" * 9)
    execute(database, "UPDATE access_logs SET url = 'https://shop.example/2' WHERE id = 2")
    assert tracker(settings, "partitions", "archive", str(OLD), "--yes").status == 0
    assert reports(database, settings) == before


def test_the_scheduler_archives_what_it_drops_and_forgets_it_in_its_time(
    settings: Settings, database: Database, application: Application, clock: MovableClock
) -> None:
    before = reports(database, settings)
    archive = archive_of(database, settings, months=12)

    def turn() -> list[str]:
        months = drop_old_partitions(
            database,
            settings.database_url,
            clock,
            deletions=DeletionsBy(database, clock),
            retention_months=6,
            statistics=STATISTICS,
            archive=archive,
        )
        return [str(month) for month in months]

    assert turn() == [str(OLD)]
    assert reports(database, settings) == before
    clock.advance((OLD.plus(13).start - clock.now()).total_seconds())
    turn()
    make_facts(database, settings.facts_url)._sweep()
    assert [exact for exact, _ in reports(database, settings)] == [False] * len(before)


@pytest.mark.parametrize("kept", [True, False])
def test_a_scheduler_keeps_what_its_settings_say_of_the_months_that_it_drops(
    settings: Settings, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    before, hits = reports(database, settings), rows(database, "SELECT t::text FROM access_logs AS t ORDER BY 1")
    monkeypatch.setattr(deletions, "FIRST_SECONDS", 0)
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "TRACKER_FACTS_URL": str(settings.facts_url),
        "TRACKER_RETENTION_MONTHS": "6",
        "TRACKER_ARCHIVE_MONTHS": "12" if kept else "0",
        "TRACKER_ARCHIVE_FULL": "true",
    }.items():
        monkeypatch.setenv(name, value)
    parts = scheduler(config.load())
    with closing(parts):
        for name in ("make partitions", "drop months that are over"):
            [job] = [job for job in table(parts) if job.name == name]
            job.turn(lambda: True)
        assert months_of(database) == []
        parts.facts._sweep()
    if not kept:
        assert [exact for exact, _ in reports(database, settings)] == [False] * len(before)
        return
    assert reports(database, settings) == before
    assert tracker(settings, "partitions", "restore", str(OLD)).status == 0
    assert rows(database, "SELECT t::text FROM access_logs AS t ORDER BY 1") == hits, "with all columns"


@pytest.mark.long
def test_a_month_stays_where_the_folder_of_its_facts_is_away(
    settings: Settings, database: Database, application: Application
) -> None:
    settings.facts_url.rename(settings.facts_url.with_name("away"))
    said = tracker(settings, "partitions", "archive", str(OLD), "--yes")
    assert (said.status, "stats rebuild" in said.errors) == (1, True)
    assert months_of(database)
    settings.facts_url.with_name("away").rename(settings.facts_url)
    assert tracker(settings, "partitions", "archive", str(OLD), "--yes").status == 0
    # Of an archived month nothing can be made anew: the folder is to come back.
    settings.facts_url.rename(settings.facts_url.with_name("away"))
    assert "bring it back" in tracker(settings, "stats", "rebuild", *PERIOD).errors
    with database.transaction() as tx:
        assert facts_files.days(tx, OLD.start.date(), OLD.plus(1).start.date())
        assert archived_days.noted(tx, OLD)
