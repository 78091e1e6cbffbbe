"""Each month by itself: what fits is attached, what does not is named and stops no other."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.command_line import tracker
from tests.support.detaching import interrupt_detach
from tests.support.queued_hits import rows
from tracker.config import Settings
from tracker.diagnostics import partition_overview
from tracker.errors import LockedOut, MonthsNotMade
from tracker.maintenance.create_partitions import create_partitions
from tracker.store import partition_making, partitions
from tracker.store.database import Database
from tracker.store.partitions import TABLES, Month

CURRENT = Month.of(datetime.now(UTC))
COMING = CURRENT.plus(5)
"""A month that comes due while the clock goes on by some months; not there yet, also where a month has just begun."""


def name(table: str, month: Month) -> str:
    return f"{table}_{month}".replace("-", "_")


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def attached(database: Database, table: str) -> set[Month | None]:
    with database.transaction() as tx:
        return {partition.month for partition in partitions.list_partitions(tx) if partition.table == table}


def detach(url: str, month: Month, *tables: str) -> None:
    run(url, *(f"ALTER TABLE {table} DETACH PARTITION {name(table, month)}" for table in tables))


def add_hit(url: str, number: int, at: datetime) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO access_logs (id, application_id, app_id, created_at)"
            " SELECT %s, id, app_id, %s FROM applications",
            [number, at],
        )
        connection.execute(
            "INSERT INTO custom_parameter_values (access_log_id, application_id, parameter_key, created_at)"
            " SELECT %s, id, 'size', %s FROM applications",
            [number, at],
        )


@pytest.mark.parametrize("gone", [TABLES, TABLES[1:]])
def test_a_detached_month_whose_tables_stayed_is_attached_with_its_rows(
    gone: tuple[str, ...], database: Database, database_url: str, application: Any
) -> None:
    add_hit(database_url, 1, CURRENT.start)
    if gone == TABLES:  # PostgreSQL does not detach hits while there are values of theirs.
        run(database_url, "DELETE FROM custom_parameter_values")
    detach(database_url, CURRENT, *reversed(gone))
    steps: list[str] = []
    assert partition_making.create(database_url, [CURRENT], on_step=steps.append) == [CURRENT]
    assert f"{name(gone[0], CURRENT)} attached: it stood alone" in steps
    add_hit(database_url, 2, CURRENT.start)
    for table, count in zip(TABLES, (2, 1 if gone == TABLES else 2), strict=True):
        assert rows(database, f"SELECT count(*) FROM {table}") == [(count,)]
        checks = "SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass AND conname LIKE '%%_bounds'"
        assert rows(database, checks, name(table, CURRENT)) == [(0,)]


def test_the_months_to_come_are_made_although_one_cannot_be(
    database: Database, database_url: str, application: Any, clock: Any
) -> None:
    """A table that does not fit, a view, rows in a default partition: three months out of seven."""
    misfit, view, defaulted = COMING, COMING.plus(1), COMING.plus(2)
    run(
        database_url,
        f"CREATE TABLE {name('access_logs', misfit)} (id INT)",
        f"CREATE VIEW {name('custom_parameter_values', view)} AS SELECT 1",
        "CREATE TABLE access_logs_default PARTITION OF access_logs DEFAULT",
        "INSERT INTO access_logs (id, application_id, app_id, created_at)"
        f" SELECT 7, id, app_id, '{defaulted}-10' FROM applications",
    )
    wanted = [COMING.plus(number) for number in range(5)]
    with pytest.raises(MonthsNotMade) as refused:
        partition_making.create(database_url, wanted)
    assert refused.value.made == (COMING.plus(3), COMING.plus(4))
    sentences = refused.value.reasons
    assert len(sentences) == 3
    assert f"no partition for {misfit}" in sentences[0]
    assert "rename it" in sentences[0]
    assert f"{name('custom_parameter_values', view)} is no table that can be the month {view}" in sentences[1]
    assert f"access_logs_default holds rows of {defaulted}" in sentences[2]
    # Of each month what fits is there.
    assert attached(database, "access_logs") >= {view, COMING.plus(3)}
    assert attached(database, "custom_parameter_values") >= {misfit, defaulted}


def test_the_scheduler_makes_the_others_each_turn_and_says_what_is_wrong_once(
    database: Database, database_url: str, clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run(database_url, f"CREATE VIEW {name('access_logs', COMING)} AS SELECT 1")
    clock.advance(timedelta(days=125).total_seconds())
    said: set[str] = set()
    made = create_partitions(database, database_url, clock, said=said)
    assert COMING not in made
    assert COMING.plus(1) in made or COMING.plus(-1) in made
    assert any(name("access_logs", COMING) in sentence for sentence in said)
    before = set(said)
    assert create_partitions(database, database_url, clock, said=said) == []
    assert said == before
    assert capsys.readouterr().out.count("is no table that can be") == 1
    run(database_url, f"DROP VIEW {name('access_logs', COMING)}")
    assert create_partitions(database, database_url, clock, said=said) == [COMING]
    assert said == set()


def test_rows_of_other_months_do_not_fit_and_nothing_is_left_behind(database: Database, database_url: str) -> None:
    other = name("access_logs", COMING)
    run(
        database_url,
        f"CREATE TABLE {other} (LIKE access_logs INCLUDING ALL)",
        f"INSERT INTO {other} (application_id, app_id, created_at) VALUES (gen_random_uuid(), 'shop', '2011-01-01')",
    )
    for _ in range(2):
        with pytest.raises(MonthsNotMade, match=f"access_logs has no partition for {COMING}, and none could be made"):
            partition_making.create(database_url, [COMING])
    checks = "SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
    assert rows(database, checks, other) == [(0,)]
    run(database_url, f"ALTER TABLE {other} RENAME TO aside")
    assert partition_making.create(database_url, [COMING]) == [COMING]


def test_a_month_that_somebody_locks_holds_up_no_other(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.store.maintenance.PAUSES", (0.05,))
    detach(database_url, CURRENT, *reversed(TABLES))
    with psycopg.connect(database_url) as other:
        other.execute(f"LOCK TABLE {name('access_logs', CURRENT)} IN ACCESS EXCLUSIVE MODE".encode())
        with pytest.raises(LockedOut):
            partition_making.create(database_url, [CURRENT, COMING])
    assert COMING in attached(database, "access_logs")
    assert partition_making.create(database_url, [CURRENT]) == [CURRENT]


def test_the_default_partitions_rows_are_moved_as_the_documents_say(
    database: Database, database_url: str, application: Any, settings: Settings
) -> None:
    run(
        database_url,
        "CREATE TABLE access_logs_default PARTITION OF access_logs DEFAULT",
        "CREATE TABLE custom_parameter_values_default PARTITION OF custom_parameter_values DEFAULT",
    )
    add_hit(database_url, 1, COMING.start)
    add_hit(database_url, 2, CURRENT.start)
    page = Path("docs/operations.md").read_text()
    section = page.partition("### A month that cannot be made")[2]
    first, second = (part.partition("```")[0] for part in section.split("```sql\n")[1:3])
    run(database_url, *(statement for statement in first.split(";\n") if statement.strip()))
    made = tracker(settings, "partitions", "create", str(COMING))
    assert made.status == 0, made.errors
    run(database_url, *(statement for statement in second.split(";\n") if statement.strip()))
    for table in TABLES:
        assert rows(database, f"SELECT count(*) FROM {table}") == [(2,)]
        assert COMING in attached(database, table)


def test_no_message_leads_in_a_circle(settings: Settings, database: Database, database_url: str) -> None:
    detach(database_url, CURRENT, *reversed(TABLES))
    create = f"python -m tracker partitions create {CURRENT}"
    assert create in tracker(settings, "partitions", "list").errors
    (finding,) = [finding for finding in tracker(settings, "doctor", "--json").json if finding["check"] == "partitions"]
    assert (finding["level"], create in finding["to_do"]) == ("fail", True)
    assert tracker(settings, "migrate").status == 0
    assert CURRENT in attached(database, "access_logs")
    detach(database_url, CURRENT, *reversed(TABLES))
    run(database_url, *(f"ALTER TABLE {name(table, CURRENT)} ADD COLUMN odd INT" for table in TABLES))
    for command in (("migrate",), ("partitions", "create", str(CURRENT)), ("partitions", "create")):
        refused = tracker(settings, *command)
        assert refused.status == 1
        assert 'contains column "odd" not found in parent' in refused.errors
        assert f"a table {name('access_logs', CURRENT)} stands alone and does not fit, rename it" in refused.errors
    run(database_url, *(f"ALTER TABLE {name(table, CURRENT)} RENAME TO aside_{table}" for table in reversed(TABLES)))
    assert tracker(settings, "partitions", "create").status == 0


def test_a_month_of_the_past_that_stands_alone_is_left_so_and_named(
    database: Database, database_url: str, settings: Settings, clock: Any
) -> None:
    past = CURRENT.plus(-3)
    partition_making.create(database_url, [past.plus(number) for number in (-1, 0, 1, 2)])
    detach(database_url, past, *reversed(TABLES))
    assert create_partitions(database, database_url, clock) == []
    listed = tracker(settings, "partitions", "list")
    assert f"{name('access_logs', past)} stands alone, detached" in listed.errors
    assert tracker(settings, "partitions", "create", str(past)).status == 0
    assert past in attached(database, "access_logs")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("months_ago", [0, 1, 5])
def test_an_interrupted_detach_of_a_month_that_is_kept_is_finished_and_taken_back(
    months_ago: int, table: str, *, database: Database, database_url: str, clock: Any, application: Any
) -> None:
    kept = Month.of(clock.now()).plus(-months_ago)
    partition_making.create(database_url, [kept])
    add_hit(database_url, 1, kept.start)
    if table == "access_logs":  # Which PostgreSQL does not detach while there are values of its hits.
        run(database_url, "DELETE FROM custom_parameter_values")
    interrupt_detach(database_url, table, kept)
    # Its rows cannot be seen, and no hit of the month can be written.
    assert rows(database, f"SELECT count(*) FROM {table}") == [(0,)]
    assert kept in create_partitions(database, database_url, clock, retention_months=24)
    assert rows(database, f"SELECT count(*) FROM {table}") == [(1,)]
    add_hit(database_url, 2, kept.start)
    assert create_partitions(database, database_url, clock, retention_months=24) == []


def test_a_month_that_has_just_come_due_is_named_once_the_scheduler_has_had_its_time(database: Database) -> None:
    with database.transaction() as tx:
        last = max(partition.month for partition in partitions.list_partitions(tx) if partition.month)
    begins = last.plus(1 - partitions.MONTHS_AHEAD).start
    assert partition_overview.look(database, begins - timedelta(seconds=1)).problems == []
    assert partition_overview.look(database, begins + timedelta(minutes=2)).problems == []
    [problem] = partition_overview.look(database, begins + timedelta(minutes=6)).problems
    assert f"The month {last.plus(1)} is missing" in problem
