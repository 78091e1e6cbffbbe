"""A DETACH CONCURRENTLY that breaks off, as an operator's does who loses patience."""

import psycopg
import pytest
from psycopg import errors

from tracker.store.partitions import Month


def interrupt_detach(url: str, table: str, month: Month) -> None:
    """Leave a month half detached: a reader keeps the second step waiting until it is cancelled."""
    name = f"{table}_{month}".replace("-", "_")
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as connection:
        reader.execute(f"SELECT count(*) FROM {table}".encode())
        connection.execute("SET statement_timeout = '300ms'")
        with pytest.raises(errors.QueryCanceled):
            connection.execute(f"ALTER TABLE {table} DETACH PARTITION {name} CONCURRENTLY".encode())
