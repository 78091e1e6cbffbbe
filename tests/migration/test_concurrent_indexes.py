"""Migrations that build an index beside the writers, outside of transactions."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import psycopg
import pytest

from tests.support.registered_webhooks import URL
from tracker.errors import LockedOut
from tracker.store import concurrent_indexes, maintenance, migrations
from tracker.store.migrations import MIGRATIONS, migrate

TODAY = date(2026, 11, 23)
INDEX = "0009_failed_concurrently"
BUILT = "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indexrelid::regclass::text LIKE '%failed%'"
VALID = [("idx_webhook_deliveries_failed", True), ("idx_webhook_deliveries_failed_at", True)]
DELIVERY = f"""
    INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, due_at, created_at)
    SELECT id, gen_random_uuid(), 'tracking.created', '{{}}', now(), now() FROM webhooks WHERE url = '{URL}'"""


@pytest.fixture
def before(new_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of the version before the index, with a webhook, and a `migrate` that ends with the index."""
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path)
    monkeypatch.setattr(migrations.reading_role, "grant", lambda _: [])
    # Months are made by a function of a later migration, and nothing here is kept by month.
    monkeypatch.setattr(migrations.partition_making, "create", lambda *_, **__: [])
    for path in sorted(MIGRATIONS.glob("*.sql")):
        if path.stem < INDEX:
            shutil.copy(path, tmp_path)
    migrate(new_database, today=TODAY)
    shutil.copy(MIGRATIONS / f"{INDEX}.sql", tmp_path)
    with psycopg.connect(new_database) as connection:
        connection.execute("INSERT INTO applications (app_id, name, api_key_hash) VALUES ('shop', 'Shop', 'hash')")
        connection.execute(
            f"INSERT INTO webhooks (application_id, url, events) SELECT id, '{URL}', '[]' FROM applications"
        )
    return new_database


def test_writers_go_on_while_an_index_is_built_and_waits_for_an_open_transaction(before: str) -> None:
    with (
        psycopg.connect(before) as open_transaction,
        psycopg.connect(before, autocommit=True) as writer,
        ThreadPoolExecutor(1) as pool,
    ):
        open_transaction.execute(DELIVERY)
        migrated = pool.submit(migrate, before, today=TODAY)
        waits = "SELECT count(*) FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for writers%'"
        while writer.execute(waits).fetchone() == (0,):
            assert not migrated.done()
        writer.execute("SET lock_timeout = '1s'")
        for _ in range(20):
            writer.execute(DELIVERY)
        assert not migrated.done()
        open_transaction.commit()
        assert migrated.result(60) == [INDEX]
        assert writer.execute(BUILT).fetchall() == VALID
        assert writer.execute("SELECT version_num FROM alembic_version").fetchone() == (INDEX,)


def test_a_build_that_broke_off_is_done_again(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(before, autocommit=True) as connection:
        connection.execute("CREATE INDEX idx_webhook_deliveries_failed ON webhook_deliveries (due_at)")
        with monkeypatch.context() as broken:
            broken.setattr(concurrent_indexes, "statements", lambda _: ["SELECT 1 / 0"])
            with pytest.raises(Exception, match="division by zero"):
                migrate(before, today=TODAY)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() < (INDEX,)
        assert connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
        assert migrate(before, today=TODAY) == [INDEX]
        assert connection.execute(BUILT).fetchall() == VALID


def test_an_index_stays_where_what_comes_after_it_gives_up(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "PAUSES", (0.0,))
    following = "0010_use_of_first_keys"
    shutil.copy(MIGRATIONS / f"{following}.sql", migrations.MIGRATIONS)
    said: list[str] = []
    with psycopg.connect(before) as dump:
        dump.execute("SELECT FROM applications")
        with pytest.raises(LockedOut):
            migrate(before, today=TODAY, on_step=said.append)
        assert dump.execute("SELECT version_num FROM alembic_version").fetchone() == (INDEX,)
    assert [sentence for sentence in said if sentence.endswith(" applied")] == [f"{INDEX} applied"]
    assert migrate(before, today=TODAY) == [following]


def test_of_two_runs_at_once_one_builds_it(before: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(migrate, before, today=TODAY) for _ in range(2)]
        assert sorted(run.result(60) for run in runs) == [[], [INDEX]]
    with psycopg.connect(before) as connection:
        assert connection.execute(BUILT).fetchall() == VALID
