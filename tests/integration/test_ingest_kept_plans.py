from uuid import RFC_4122

import psycopg

from tests.support.queued_hits import NOON, hit_of
from tracker.application import Application
from tracker.store import access_logs, custom_parameter_values
from tracker.store.database import Database

MONTH = f"access_logs_{NOON:%Y_%m}"


def sequential_scans(database: Database) -> int:
    with database.transaction() as tx:
        tx.execute("SELECT pg_stat_force_next_flush()")
    with database.transaction() as tx:
        row = tx.execute("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = %s", (MONTH,)).fetchone()
        assert row
        return int(row[0])


def test_a_plan_made_while_the_month_is_empty_does_not_read_the_whole_month_later(
    database: Database, database_url: str, application: Application
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE access_logs, access_logs_" + f"{NOON:%Y_%m}")
    before = sequential_scans(database)

    for number in range(20):
        hit = hit_of(application, number, custom_params={"price": 1})
        with database.transaction() as tx:
            access_logs.copy(tx, [hit])
            custom_parameter_values.add(tx, [(hit, [("price", "1")])])

    assert sequential_scans(database) == before


def test_ids_of_values_grow_with_those_of_their_hits(database: Database, application: Application) -> None:
    hits = [hit_of(application).replace(id=hit_id) for hit_id in (0, 9, 8, 2**63 - 1)]

    with database.transaction() as tx:
        access_logs.copy(tx, hits)
        custom_parameter_values.add(tx, [(hit, [("price", "1"), ("Price", None), ("a", "2")]) for hit in hits])

    with database.transaction() as tx:
        added = tx.execute(
            "SELECT id, access_log_id, parameter_key FROM custom_parameter_values ORDER BY id"
        ).fetchall()
    assert {(value_id.version, value_id.variant) for value_id, *_ in added} == {(8, RFC_4122)}
    assert [row[1:] for row in added] == [
        (hit_id, key) for hit_id in (0, 8, 9, 2**63 - 1) for key in ("price", "Price", "a")
    ]
