"""Rows of a COPY: all of them come, many at a time, and an error on the way is one of PostgreSQL's."""

import pytest

from tracker.errors import Unstorable
from tracker.store.copied_rows import copied_rows
from tracker.store.database import Database


@pytest.mark.parametrize("count", [0, 1, 250, 20_000])
def test_all_rows_come_in_their_order(database: Database, count: int) -> None:
    """Also beyond what is taken at once, and where there is none; the connection is good for the next statement."""
    with database.transaction() as tx:
        with tx.cursor() as cursor, cursor.copy(f"COPY (SELECT generate_series(1, {count})) TO STDOUT") as copy:
            lots = [[bytes(row) for row in rows] for rows in copied_rows(copy)]
        assert [row for rows in lots for row in rows] == [b"%d\n" % number for number in range(1, count + 1)]
        assert len(lots) <= max(2, count / 10)
        assert tx.execute("SELECT 1").fetchone() == (1,)


def test_an_error_behind_some_rows_is_raised(database: Database) -> None:
    with (
        pytest.raises(Unstorable, match="division by zero"),
        database.transaction() as tx,
        tx.cursor() as cursor,
        cursor.copy("COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 6000) AS n) TO STDOUT") as copy,
    ):
        for _ in copied_rows(copy):
            pass
    with database.transaction() as tx:
        assert tx.execute("SELECT 1").fetchone() == (1,)
