"""Months whose hits are kept in files with all their columns, and come back from them."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.archiving import HITS, OLD, reports, store_old_month
from tests.support.command_line import tracker
from tests.support.deleting import DeletionsBy
from tests.support.facts import facts, make_facts, writer_of
from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tests.support.raw_hits import execute
from tests.support.with_constants import NO_RECEIVER, NOBODY_READS
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.facts import erase_archived
from tracker.facts.day import Workspace
from tracker.ledger.folding import fold_ledger
from tracker.maintenance.delete_expired_hits import delete_expired_hits
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.archive_erasures import ArchiveErasure
from tracker.store.database import Database
from tracker.store.facts_marks import FactsDay

pytestmark = pytest.mark.usefixtures("old_month")

STATISTICS = "SELECT date, total_requests, unique_visitors, unique_sessions, custom_param_stats FROM daily_statistics"


def everything(database: Database) -> list[list[tuple[Any, ...]]]:
    """Every row of both tables, as PostgreSQL writes it."""
    return [
        rows(database, f"SELECT row::text FROM {table} AS row ORDER BY 1")
        for table in ("access_logs", "custom_parameter_values")
    ]


def archive(settings: Settings) -> None:
    done = tracker(settings, "partitions", "archive", str(OLD), "--full", "--yes", "--json")
    assert (done.status, done.json["full"]) == (0, True), done.errors


def test_a_month_comes_back_row_for_row_and_once(
    settings: Settings, database: Database, application: Application, redis: Connection
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    store_old_month(database, other, settings.facts_url, first=1000)
    before, said = everything(database), reports(database, settings)
    counted = rows(database, STATISTICS + " ORDER BY date, total_requests")
    assert [len(table) for table in before] == [2 * HITS, 3 * 2 * HITS]
    archive(settings)
    assert everything(database) == [[], []]
    assert reports(database, settings) == said
    back = tracker(settings, "partitions", "restore", str(OLD), "--json")
    assert (back.status, back.json) == (0, {"month": str(OLD), "hits": 2 * HITS})
    for _ in range(2):
        assert everything(database) == before
        assert tracker(settings, "stats", "verify").status == 0
        assert reports(database, settings) == said
        again = tracker(settings, "partitions", "restore", str(OLD))
        assert (again.status, "nothing to do" in again.output) == (0, True)
    assert rows(database, STATISTICS + " ORDER BY date, total_requests") == counted
    ledger = tracker(settings, "ledger", "--json")
    assert ledger.status == 0, ledger.errors
    fold_ledger(database, redis, SystemClock())
    sums = "SELECT sum(dropped)::int, sum(restored)::int FROM ledger GROUP BY application_id"
    assert rows(database, sums) == [(HITS, HITS), (HITS, HITS)]
    # Out once more, and the files of the first time are gone.
    archive(settings)
    assert everything(database) == [[], []]
    make_facts(database, settings.facts_url)
    on_disk = list(settings.facts_url.glob("hits/*/*/*.parquet"))
    assert len(on_disk) == rows(database, "SELECT count(*) FROM archived_hits")[0][0]


def test_a_column_that_comes_later_is_archived_and_keeps_no_older_file_from_coming_back(
    settings: Settings, database: Database, application: Application
) -> None:
    before = rows(database, "SELECT *, NULL::text FROM access_logs ORDER BY id")
    archive(settings)
    execute(database, "ALTER TABLE access_logs ADD COLUMN viewport_size VARCHAR(20)")
    for _ in range(2):
        back = tracker(settings, "partitions", "restore", str(OLD), "--json")
        assert (back.status, back.json["hits"]) == (0, HITS), back.errors
        assert rows(database, "SELECT * FROM access_logs ORDER BY id") == before
        execute(database, "UPDATE access_logs SET viewport_size = 'v' || id")
        before = rows(database, "SELECT * FROM access_logs ORDER BY id")
        assert before[0][-1].startswith("v")
        archive(settings)


def test_of_facts_alone_no_hits_are_made_and_damaged_files_bring_nothing_back(
    settings: Settings, database: Database, application: Application
) -> None:
    archive(settings)
    damaged = min(settings.facts_url.glob("hits/*/*/*.parquet"))
    kept = damaged.read_bytes()
    damaged.write_bytes(kept[:-20] + b"\1" * 20)
    said = tracker(settings, "partitions", "restore", str(OLD))
    assert (said.status, "backup" in said.errors) == (1, True)
    damaged.write_bytes(kept)
    assert tracker(settings, "partitions", "restore", str(OLD)).status == 0
    assert len(everything(database)[0]) == HITS
    assert tracker(settings, "partitions", "archive", str(OLD), "--yes").status == 0
    refused = tracker(settings, "partitions", "restore", str(OLD))
    assert (refused.status, "only the facts" in refused.errors) == (1, True)


PEOPLE = {
    "client": ("--client-sub-id", "c2", "client_sub_id = 'c2'"),
    "session": ("--session-id", "s1", "session_id = 's1'"),
    "address": ("--ip", "192.0.2.1", "ip_address = '192.0.2.1'"),
}
CASES = [
    pytest.param("hits", *PEOPLE["address"], id="address in hits"),
    *(
        pytest.param(way, *PEOPLE[name], id=f"{name} in {way}", marks=pytest.mark.long)
        for way, name in (
            *(("hits", "client"), ("hits", "session")),
            *(("facts", "client"), ("facts", "session"), ("facts", "address")),
        )
    ),
]


@pytest.mark.parametrize(("way", "option", "name", "condition"), CASES)
def test_who_is_erased_is_in_no_file_of_an_archived_month(  # noqa: PLR0917 fixtures and a table's columns
    settings: Settings, database: Database, application: Application, way: str, option: str, name: str, condition: str
) -> None:  # fmt: skip
    execute(
        database,
        "INSERT INTO application_settings (application_id, setting_key, setting_value) VALUES (%s, %s, %s)",
        application.id, "ip_anonymization", "none",
    )  # fmt: skip
    theirs = f"SELECT count(*) FROM access_logs WHERE {condition}"
    [(count,)] = rows(database, theirs)
    pages = "SELECT substring(url FROM '/[0-9]+$') FROM access_logs WHERE NOT coalesce({}, false) ORDER BY created_at"
    left = [page for (page,) in rows(database, pages.format(condition))]
    assert 0 < count < HITS
    full = ["--full"] if way == "hits" else []
    assert tracker(settings, "partitions", "archive", str(OLD), "--yes", *full).status == 0
    erased = tracker(settings, "erase", "--app-id", "shop", option, name, "--yes", "--json", constants=NOBODY_READS)
    assert erased.status == 0, erased.errors
    of_facts = [page for (page,) in facts(database, settings.facts_url, "page")]
    if way == "facts" and option == "--ip":
        assert "no addresses" in erased.output
        assert len(of_facts) == HITS
        return
    assert of_facts == left
    assert rows(database, "SELECT count(*) FROM facts_files WHERE replaced_at IS NOT NULL") == [(0,)]
    if way == "hits":
        assert rows(database, "SELECT count(*) FROM archived_hits WHERE replaced_at IS NOT NULL") == [(0,)]
        assert tracker(settings, "partitions", "restore", str(OLD)).status == 0
        assert rows(database, theirs) == [(0,)]
        assert len(everything(database)[0]) == HITS - count
        assert tracker(settings, "stats", "verify").status == 0


def test_an_application_that_is_purged_and_days_that_are_over_are_in_no_file(
    settings: Settings, database: Database, application: Application
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    store_old_month(database, other, settings.facts_url, first=1000)
    archive(settings)
    days = (SystemClock().now().date() - OLD.start.date()).days - 11
    execute(
        database,
        "INSERT INTO application_settings (application_id, setting_key, setting_value) VALUES (%s, %s, %s)",
        application.id, "retention_days", str(days),
    )  # fmt: skip
    clock = SystemClock()
    delete_expired_hits(database, clock, deletion_time=DeletionsBy(database, clock).time)
    make_facts(database, settings.facts_url)
    kept = "SELECT min(date) FROM {} WHERE application_id = %s AND replaced_at IS NULL"
    for table in ("facts_files", "archived_hits", "archived_days"):
        condition = kept if table != "archived_days" else kept.removesuffix(" AND replaced_at IS NULL")
        assert rows(database, condition.format(table), application.id) == [(OLD.start.date().replace(day=12),)]
        assert rows(database, condition.format(table), other.id) == [(OLD.start.date().replace(day=10),)]
    purged = tracker(settings, "apps", "delete", "other", "--purge", "--yes", constants=NO_RECEIVER | NOBODY_READS)
    assert purged.status == 0, purged.errors
    for table in ("facts_files", "archived_hits", "archived_days"):
        assert rows(database, f"SELECT count(*) FROM {table} WHERE application_id = %s", other.id) == [(0,)]
    assert not list(settings.facts_url.rglob(f"application={other.id}"))


def archived_and_damaged(settings: Settings, database: Database, application: Application) -> tuple[Path, bytes]:
    """Archive a month, and damage a file of its hits: which one, and what it held."""
    archive(settings)
    damaged = min(settings.facts_url.glob("hits/*/*/*.parquet"))
    kept = damaged.read_bytes()
    damaged.write_bytes(b"nothing")
    return damaged, kept


def test_a_damaged_archived_file_keeps_an_erasure_waiting_and_no_hit_of_others_out_of_the_facts(
    settings: Settings, database: Database, application: Application, redis: Connection
) -> None:
    damaged, kept = archived_and_damaged(settings, database, application)
    waiting = tracker(settings, "erase", "--app-id", "shop", "--client-sub-id", "c2", "--yes")
    assert (waiting.status, "the erasure waits" in waiting.errors) == (1, True)
    other, _ = applications.create(database, name="Other", app_id="other")
    enqueue(redis, [hit_of(other, 5000)])
    drain(redis, database)
    writer = writer_of(database, settings.facts_url)
    writer.turn()
    assert writer.problem is not None
    assert ("/5000",) in facts(database, settings.facts_url, "page")
    damaged.write_bytes(kept)
    writer.turn()
    assert writer.problem is None
    assert ("c2",) not in facts(database, settings.facts_url, "client")


def test_an_erasure_that_takes_too_long_keeps_no_other_waiting(
    settings: Settings, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged, kept = archived_and_damaged(settings, database, application)
    for client in ("c2", "c4"):
        assert tracker(settings, "erase", "--app-id", "shop", "--client-sub-id", client, "--yes").status == 1
    damaged.write_bytes(kept)
    long: list[str] = []
    days_of = erase_archived._days

    def days(database: Database, space: Workspace, person: ArchiveErasure) -> list[FactsDay]:
        if not long:
            long.extend(person.client_sub_ids)
            with space.engine.cursor(seconds=0.2) as cursor:
                cursor.run("SELECT sum(hash(n)) FROM range(1000000000000) AS made(n)")
        return days_of(database, space, person)

    def left() -> set[str]:
        writer_of(database, settings.facts_url).turn()
        return {"c2", "c4"} & {client for (client,) in facts(database, settings.facts_url, "client")}

    monkeypatch.setattr(erase_archived, "_days", days)
    assert left() == set(long) != set()
    assert left() == set()
