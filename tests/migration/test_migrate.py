"""`migrate`: twice, two at once, beside writers, and where it must refuse."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

from tests.support.waiting import PATIENCE
from tracker.embedded import Postgres
from tracker.errors import DatabaseUnavailable, LockedOut, SettingsInvalid
from tracker.store import concurrent_indexes, maintenance, migrations, partition_making, partitions
from tracker.store.migrations import MIGRATIONS, migrate

TODAY = date(2026, 11, 23)
MONTHS = ["partitions 2026-10", "partitions 2026-11", "partitions 2026-12", "partitions 2027-01", "partitions 2027-02"]
REVISIONS = sorted(path.stem for path in MIGRATIONS.glob("*.sql"))


def test_a_second_run_has_nothing_to_do(new_database: str) -> None:
    steps: list[str] = []
    assert migrate(new_database, today=TODAY, on_step=steps.append) == [*REVISIONS, *MONTHS]
    assert steps[0] == "0001_initial applied"
    assert len([step for step in steps if "beside the writers" not in step]) == len(REVISIONS) + len(MONTHS)
    steps.clear()
    assert migrate(new_database, today=TODAY, on_step=steps.append) == []
    assert steps == []


def test_a_month_later_one_more_month_is_made(new_database: str) -> None:
    migrate(new_database, today=TODAY)
    assert migrate(new_database, today=date(2026, 12, 1)) == ["partitions 2027-03"]


def test_of_two_runs_at_once_each_step_is_applied_by_one(new_database: str) -> None:
    together = threading.Barrier(2)

    def run() -> list[str]:
        together.wait()
        return migrate(new_database, today=TODAY)

    with ThreadPoolExecutor(2) as pool:
        first, second = (future.result() for future in [pool.submit(run), pool.submit(run)])
    # An index that is built beside the writers may be another run's than what comes before it.
    assert sorted(step for step in [*first, *second] if step in REVISIONS) == REVISIONS
    assert {step for step in first if step in REVISIONS} & {step for step in second if step in REVISIONS} == set()
    assert set(first) | set(second) == {*REVISIONS, *MONTHS}


def test_a_run_that_finds_another_ones_index_applies_or_awaits_what_follows(
    new_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [index] = [position for position, step in enumerate(REVISIONS) if concurrent_indexes.is_concurrent(step)]
    for step in REVISIONS[: index + 1]:
        (tmp_path / f"{step}.sql").write_bytes((MIGRATIONS / f"{step}.sql").read_bytes())
    with monkeypatch.context() as other, suppress(DatabaseUnavailable):  # Months want tables that come later.
        other.setattr(migrations, "MIGRATIONS", tmp_path)
        migrate(new_database, today=TODAY)
    looked: list[object] = []

    def too_early(step: Callable[[float], list[str]], *, on_wait: Callable[[str], None]) -> list[str]:
        looked.append(step)
        return [] if len(looked) == 1 else maintenance.patiently(step, on_wait=on_wait)

    monkeypatch.setattr(migrations, "patiently", too_early)
    assert migrate(new_database, today=TODAY) == [*REVISIONS[index + 1 :], *MONTHS]


def test_a_database_that_is_not_utf8_is_refused(postgres: Postgres) -> None:
    name = f"latin_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    with pytest.raises(SettingsInvalid, match="encoding is LATIN1: create it with ENCODING 'UTF8'"):
        migrate(postgres.url_of(name), today=TODAY)


def test_a_database_newer_than_this_version_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url, today=TODAY)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    with pytest.raises(SettingsInvalid, match=r"newer than this version: it has 9999_from_the_future"):
        migrate(empty_database_url, today=TODAY)


def test_a_url_that_is_none_is_refused_without_being_quoted() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        migrate("postgresql://user:secret@[host/db", today=TODAY)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_server_that_is_not_there_is_away(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        migrate(f"postgresql://postgres@/postgres?host={tmp_path}", today=TODAY)


def test_a_socket_in_a_folder_with_spaces_is_reached(
    postgres: Postgres, empty_database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "with some spaces"
    folder.symlink_to(postgres.socket_folder)
    url = empty_database_url.replace(str(postgres.socket_folder), quote(str(folder)))
    assert str(folder.name) not in url
    assert migrate(url, today=TODAY) == [*REVISIONS, *MONTHS]


def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE TYPE webhooks AS ENUM ('a')")
    with pytest.raises(Exception, match='type "webhooks" already exists'):
        migrate(empty_database_url, today=TODAY)
    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        assert tables.fetchall() == []


def test_it_gives_up_on_locks_that_are_never_to_be_had(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "PAUSES", (0.0, 0.0))
    waits: list[str] = []
    with psycopg.connect(database_url) as holder:
        holder.execute("LOCK TABLE access_logs IN ROW EXCLUSIVE MODE")
        with pytest.raises(LockedOut, match="55P03"):
            partition_making.create(database_url, [partitions.Month(2040, 1)], on_step=waits.append)
    assert len(waits) == 2
    assert partition_making.create(database_url, [partitions.Month(2040, 1)]) == [partitions.Month(2040, 1)]


HIT = """
    INSERT INTO access_logs (application_id, app_id, custom_params)
    SELECT id, app_id, '{"page_type": "cart"}' FROM applications
    RETURNING id, created_at"""
VALUE = """
    INSERT INTO custom_parameter_values (access_log_id, created_at, application_id, parameter_key)
    SELECT %s, %s, id, 'page_type' FROM applications"""


class Writer:
    """A worker's kind of transaction, again and again, which fails where it has to wait too long for a lock."""

    def __init__(self, url: str) -> None:
        self.url, self.written = url, 0
        self.stop, self.wrote = threading.Event(), threading.Event()

    def run(self) -> None:
        # As the server counts it: how long a transaction takes altogether is also a matter of the machine.
        with psycopg.connect(self.url, autocommit=True, options="-c lock_timeout=1s") as connection:
            while not self.stop.is_set():
                with connection.transaction():
                    hit = connection.execute(HIT).fetchone()
                    connection.execute(VALUE, hit)
                self.written += 1
                self.wrote.set()


@contextmanager
def writing(url: str) -> Iterator[list[Writer]]:
    writers = [Writer(url), Writer(url)]
    with ThreadPoolExecutor(len(writers)) as pool:
        runs = [pool.submit(writer.run) for writer in writers]
        for writer in writers:
            assert writer.wrote.wait(PATIENCE)
        try:
            yield writers
        finally:
            for writer in writers:
                writer.stop.set()
            for run in runs:
                run.result()


def test_no_writer_waits_long_for_new_months_and_readers_do_not_matter(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO applications (app_id, name, api_key_hash) VALUES ('shop', 'Shop', 'hash')")
    waits: list[str] = []
    with psycopg.connect(database_url) as reader, psycopg.connect(database_url) as slow_writer:
        reader.execute("SELECT count(*) FROM access_logs JOIN custom_parameter_values USING (created_at)")
        slow_writer.execute("INSERT INTO access_logs (application_id, app_id) SELECT id, app_id FROM applications")

        def on_step(step: str) -> None:
            waits.append(step)
            slow_writer.rollback()

        with writing(database_url) as writers:
            made = partition_making.create(
                database_url, [partitions.Month(2040, month) for month in range(1, 7)], on_step=on_step
            )
    assert len(made) == 6
    assert "others use the tables" in waits[0]
    assert all(writer.written > 1 for writer in writers)
