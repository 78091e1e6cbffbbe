"""The rows of a COPY ... TO STDOUT, many at a time."""

from collections.abc import Iterator
from typing import Final

from psycopg import Copy
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

_MAX_BYTES: Final = 128 * 1024
"""At once, and one row more: while they are gone through, PostgreSQL fills the socket with the next ones."""


def copied_rows(copy: Copy) -> Iterator[list[memoryview]]:
    """Yield all rows, those together that have arrived together, each with the end of its line.

    A COPY that is iterated over waits for each row, which takes twice as long as all else that is done for one; the
    connection waits here, as patiently, only where none has arrived. Raises psycopg's errors.
    """
    ended = False
    while not ended:
        rows, ended = copy.connection.wait(_arrived(copy.connection.pgconn))
        yield rows


def _arrived(pgconn: PGconn) -> PQGen[tuple[list[memoryview], bool]]:
    """Return the next rows, at least one of them unless these are all, and whether they are all."""
    rows: list[memoryview] = []
    together = 0
    has_looked = False
    while together < _MAX_BYTES:
        size, row = pgconn.get_copy_data(1)
        if size > 0:
            rows.append(row)
            together += size
            has_looked = False
        elif size < 0:
            yield from _end(pgconn)
            return rows, True
        else:
            if has_looked:
                if rows:
                    break
                while not (yield Wait.R):
                    pass
            pgconn.consume_input()
            has_looked = True
    return rows, False


def _end(pgconn: PGconn) -> PQGen[None]:
    """Take what PostgreSQL says of the COPY after its last row."""
    result = (yield from fetch_many(pgconn))[-1]
    if result.status != ExecStatus.COMMAND_OK:
        raise error_from_result(result, encoding="utf-8")
