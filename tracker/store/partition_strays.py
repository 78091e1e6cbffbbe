"""What stands in the way of a month: tables of its name that are no partitions, and rows in a default partition."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from tracker.store.database import Transaction
from tracker.store.partitions import TABLES, Month, Partition
from tracker.store.queries import fetch_all

_RECIPES = 'docs/operations.md, "A month that cannot be made", says how'


@dataclass(frozen=True, slots=True)
class Stray:
    """Something of a month's name that is no partition. `stands_alone`: a table, which may be attached if it fits."""

    table: str
    name: str
    month: Month
    stands_alone: bool


def strays(tx: Transaction) -> list[Stray]:
    return [
        Stray(row["table_name"], row["name"], Month.parse(row["month"].replace("_", "-")), row["stands_alone"])
        for row in fetch_all(tx, "partitions/strays")
    ]


def obstacles(tx: Transaction, partitions: Sequence[Partition], month: Month) -> list[str]:
    """Say of each table that lacks a month what stands in the way of making it, a sentence each."""
    complete = {partition.table for partition in partitions if partition.month == month and not partition.half_detached}
    in_the_way = {stray.table: stray for stray in strays(tx) if stray.month == month}
    sentences = []
    for table in TABLES:
        if table in complete:
            continue
        default = next(
            (partition for partition in partitions if partition.table == table and partition.start is None), None
        )
        if default is not None and _has_rows_of(tx, default, month):
            sentences.append(
                f"{default.name} holds rows of {month}, so that {table} cannot have that month: move them, {_RECIPES}."
            )
        elif (stray := in_the_way.get(table)) is not None and not stray.stands_alone:
            sentences.append(f"{stray.name} is no table that can be the month {month} of {table}: rename or drop it.")
    return sentences


def misfit(table: str, month: Month, message: str) -> str:
    """Say that PostgreSQL refuses a month; where a table of its name stands alone, that is what does not fit."""
    name = f"{table}_{month}".replace("-", "_")
    return (
        f"{table} has no partition for {month}, and none could be made: {message}. Where a table {name} stands alone "
        f"and does not fit, rename it: {_RECIPES}."
    )


def _has_rows_of(tx: Transaction, default: Partition, month: Month) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM ONLY {} WHERE created_at >= %s AND created_at < %s)")
    row = tx.execute(query.format(sql.Identifier(default.name)), [month.start, month.plus(1).start]).fetchone()
    return row is not None and bool(row[0])
