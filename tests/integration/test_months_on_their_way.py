"""Hits for a month that is being taken out or brought back: none is stored that goes with it unseen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import MovableClock
from tests.support.archiving import HITS, OLD
from tests.support.command_line import tracker
from tests.support.deleting import DeletionsBy
from tests.support.facts import writer_of
from tests.support.queued_hits import rows
from tests.support.raw_hits import fill
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.errors import DatabaseUnavailable, MonthsNotMade, Unstorable
from tracker.maintenance import restore_month as restoring
from tracker.maintenance.archive_months import Archive
from tracker.maintenance.drop_partitions import drop_month, drop_old_partitions
from tracker.maintenance.restore_month import restore_month
from tracker.receiver.kept_months import KeptMonths
from tracker.store import partition_making, partition_removal
from tracker.store.database import Database
from tracker.store.partitions import Month
from tracker.wiring.scheduler import STATISTICS

pytestmark = pytest.mark.usefixtures("old_month")

LATE = OLD.start + timedelta(days=20)


def take_out_by_half(database: Database, settings: Settings, archive: Archive | None = None) -> None:
    """Archive, if that is wanted, and break off after the first of the two tables."""
    if archive is not None:
        assert archive.keep(OLD)
    goes_on = iter((True, False))
    dropped = partition_removal.remove(
        settings.database_url,
        OLD,
        should_continue=lambda: next(goes_on),
        before=lambda connection: None if archive is None else archive.let_go(connection, OLD),
    )
    assert dropped == [f"custom_parameter_values_{str(OLD).replace('-', '_')}"]


def archive_of(database: Database, settings: Settings, *, months: int = 0) -> Archive:
    return Archive(writer=writer_of(database, settings.facts_url), months=months, has_hits=True)


def drop_by_retention(database: Database, settings: Settings, archive: Archive, clock: MovableClock) -> list[Month]:
    return drop_old_partitions(
        database,
        settings.database_url,
        clock,
        deletions=DeletionsBy(database, clock),
        retention_months=6,
        statistics=STATISTICS,
        archive=archive,
    )


def bring_back_by_half(archive: Archive, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin to restore, and break off after the first file."""
    restore_file, files = restoring._restore, iter((1,))

    def restore_one(*arguments: Any) -> None:
        if next(files, None) is None:
            raise DatabaseUnavailable("PostgreSQL is away.")
        restore_file(*arguments)

    monkeypatch.setattr(restoring, "_restore", restore_one)
    with pytest.raises(DatabaseUnavailable):
        restore_month(archive.writer, settings.database_url, OLD)
    monkeypatch.undo()


def hits(database: Database) -> list[tuple[Any, ...]]:
    return rows(database, "SELECT hit::text FROM access_logs AS hit ORDER BY 1")


def store_late_hit(database: Database, application: Application) -> None:
    fill(database, application, 1, start=LATE, first=HITS + 1)


def test_a_month_of_which_the_values_are_gone_takes_no_hit_until_it_is_back(
    settings: Settings, database: Database, application: Application
) -> None:
    before, archive = hits(database), archive_of(database, settings)
    take_out_by_half(database, settings, archive)
    with pytest.raises(Unstorable, match=partition_removal.LEAVING):
        store_late_hit(database, application)
    restore_month(archive.writer, settings.database_url, OLD)
    assert hits(database) == before
    store_late_hit(database, application)


def test_a_month_that_is_kept_after_all_takes_hits_again(
    settings: Settings, database: Database, application: Application
) -> None:
    take_out_by_half(database, settings)
    assert partition_making.create(settings.database_url, [OLD]) == [OLD]
    store_late_hit(database, application)
    assert len(hits(database)) == HITS + 1


def test_a_month_that_is_being_brought_back_is_named_to_imports_and_trusted_keys_as_one_that_is_archived(
    settings: Settings, database: Database, application: Application
) -> None:
    now = datetime.now(UTC)
    partition_making.create(settings.database_url, [OLD.plus(number) for number in range(Month.of(now).minus(OLD))])
    months = KeptMonths(database, SystemClock(), retention_months=0)
    months.look()
    assert months.since(application, now) <= LATE
    archive = archive_of(database, settings)
    take_out_by_half(database, settings, archive)
    partition_removal.remove(settings.database_url, OLD, should_continue=lambda: True)
    partition_making.create(settings.database_url, [OLD], even_archived=True)  # As `restore_month` begins.
    with pytest.raises(MonthsNotMade, match="is archived"):
        partition_making.create(settings.database_url, [OLD])
    months = KeptMonths(database, SystemClock(), retention_months=0)
    months.look()
    assert months.since(application, now) > LATE
    restore_month(archive.writer, settings.database_url, OLD)
    assert len(hits(database)) == HITS
    assert partition_making.create(settings.database_url, [OLD]) == []


@pytest.mark.parametrize("months", [0, 5, 12])
def test_a_month_that_is_being_brought_back_is_dropped_by_nobody(
    *,
    months: int,
    settings: Settings,
    database: Database,
    application: Application,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, archive = hits(database), archive_of(database, settings, months=months)
    drop_month(database, settings.database_url, clock, OLD, statistics=STATISTICS, archive=archive)
    bring_back_by_half(archive, settings, monkeypatch)
    some = hits(database)
    assert 0 < len(some) < len(before)
    assert drop_by_retention(database, settings, archive, clock) == []
    said = tracker(settings, "partitions", "archive", str(OLD), "--full", "--yes")
    assert (said.status, f"partitions restore {OLD}" in said.errors) == (1, True)
    assert hits(database) == some
    assert restore_month(archive.writer, settings.database_url, OLD) == HITS
    assert hits(database) == before


def test_the_retention_finishes_a_drop_that_broke_off_and_keeps_what_an_operator_has_archived(
    settings: Settings, database: Database, application: Application, clock: MovableClock
) -> None:
    before, archive = hits(database), archive_of(database, settings)
    take_out_by_half(database, settings, archive)
    assert drop_by_retention(database, settings, archive, clock) == [OLD]
    assert hits(database) == []
    assert restore_month(archive.writer, settings.database_url, OLD) == HITS
    assert hits(database) == before
