"""Making months, each by itself: one that cannot be made stops no other, and is named with what stands in its way.

A month whose table stands alone (detached and kept, or left behind by a DETACH CONCURRENTLY that broke off) is attached
with its rows. What is to be checked of these is checked before anybody is shut out.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import psycopg
from psycopg import sql

from tracker.errors import DatabaseUnavailable, LockedOut, MonthsNotMade, TookTooLong
from tracker.store import archived_months
from tracker.store.connection import PostgresConnection
from tracker.store.failures import translate
from tracker.store.maintenance import LOCK_WAIT, limit_lock_waits, maintenance, patiently
from tracker.store.partition_removal import LEAVING, MAX_SECONDS, Budget, lock_out
from tracker.store.partition_strays import misfit, obstacles, strays
from tracker.store.partitions import TABLES, Month, Partition, end_autovacuum, list_partitions, missing
from tracker.store.queries import execute, fetch_one

OnStep = Callable[[str], None]


def create(
    url: str, months: Iterable[Month], *, on_step: OnStep = lambda _: None, even_archived: bool = False
) -> list[Month]:
    """Make the months that are missing, over the maintenance URL, each table's in a transaction of its own.

    Returns those that are complete now. `on_step` hears a sentence about each, and about waiting for locks. Raises
    MonthsNotMade, which names them, where PostgreSQL refuses some, and DatabaseUnavailable where the locks of some were
    not to be had for a quarter of a minute; the other months are made all the same. A month whose rows are archived is
    refused unless `even_archived`: they are to come back, and nothing else.
    """
    made: list[Month] = []
    refused: list[str] = []
    busy: psycopg.Error | None = None
    with maintenance(url, name="tracker-partitions") as connection:
        wanted = set(months)
        to_make = missing(connection, wanted)
        archived = set() if even_archived else wanted & archived_months.dropped(connection)
        connection.rollback()
        # One that is being brought back is there already, and still takes nothing else.
        refused += [
            f"{month} is archived: `python -m tracker partitions restore {month}` brings it back."
            for month in sorted(archived)
        ]
        for month in to_make:
            if month in archived:
                continue
            try:
                sentences = _make(connection, month, on_step)
            except psycopg.Error as error:
                if not isinstance(translate(error), LockedOut | TookTooLong):
                    raise
                busy = error
            else:
                refused += sentences
                if not sentences:
                    made.append(month)
                    on_step(f"partitions of {month} made")
        if refused:
            raise MonthsNotMade(refused, made)
        if busy is not None:
            raise busy
    return made


def _make(connection: PostgresConnection, month: Month, on_step: OnStep) -> list[str]:
    """Make what is missing of a month; why PostgreSQL refuses it, a sentence for each table. Raises psycopg.Error."""
    refused = []
    for table in TABLES:
        try:
            _make_of(connection, table, month, on_step)
        except psycopg.Error as error:
            # A column that is missing is that of a table which stands alone, and nothing that a migration makes.
            if isinstance(translate(error), DatabaseUnavailable) and not isinstance(
                error, psycopg.errors.UndefinedColumn
            ):
                raise
            with connection.transaction():
                known = obstacles(connection, list_partitions(connection), month)
            message = " ".join((error.diag.message_primary or type(error).__name__).split())
            refused.append(next((sentence for sentence in known if table in sentence), misfit(table, month, message)))
    return refused


def _make_of(connection: PostgresConnection, table: str, month: Month, on_step: OnStep) -> None:
    with connection.transaction():
        there = [
            partition
            for partition in list_partitions(connection)
            if (partition.table, partition.month) == (table, month)
        ]
        alone = [stray.name for stray in strays(connection) if (stray.table, stray.month) == (table, month)]
    if there and there[0].half_detached:
        if _is_being_detached(connection):
            raise psycopg.errors.LockNotAvailable(f"somebody is detaching {there[0].name}")
        patiently(partial(_attach_again, connection, there[0], month), on_wait=on_step, last_wait=LOCK_WAIT)
        on_step(f"{there[0].name} attached again: its detaching had broken off")
    elif not there:
        bounds = _checked(connection, alone[0], month, on_step) if alone else None
        make_month = partial(_make_month, connection, table, month, bounds)
        patiently(make_month, on_wait=on_step, last_wait=LOCK_WAIT)
        if alone:
            on_step(f"{alone[0]} attached: it stood alone")


def _make_month(
    connection: PostgresConnection, table: str, month: Month, bounds: sql.Composed | None, lock_wait: float
) -> None:
    with connection.transaction():
        end_autovacuum(connection)
        limit_lock_waits(connection, lock_wait)
        _create_month(connection, table, month)
        if bounds is not None:
            connection.execute(bounds)
        if table == TABLES[1]:
            _take_hits_again(connection, month)


def _take_hits_again(connection: PostgresConnection, month: Month) -> None:
    """Undo what a drop that broke off between the two tables left: its values are there again, and it is kept."""
    for partition in list_partitions(connection):
        if (partition.table, partition.month) == (TABLES[0], month) and _refuses_hits(connection, partition):
            drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
            connection.execute(drop.format(sql.Identifier(partition.name), sql.Identifier(LEAVING)))


def _refuses_hits(connection: PostgresConnection, partition: Partition) -> bool:
    row = fetch_one(connection, "partitions/refuses_hits", {"partition": partition.name, "constraint": LEAVING})
    return row is not None and bool(row["refuses"])


def _attach_again(connection: PostgresConnection, partition: Partition, month: Month, lock_wait: float) -> None:
    """Finish a DETACH CONCURRENTLY that broke off and take it back: until then hits of the month are refused."""
    with connection.transaction():
        end_autovacuum(connection)
        limit_lock_waits(connection, lock_wait)
        budget = Budget(connection, time.monotonic() + MAX_SECONDS)
        lock_out(connection)
        names = sql.Identifier(partition.table), sql.Identifier(partition.name)
        budget.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {} FINALIZE").format(*names))
        _create_month(connection, partition.table, month)


def _create_month(connection: PostgresConnection, table: str, month: Month) -> None:
    execute(connection, "partitions/create_month", {"parent": table, "year_month": str(month)})


def _checked(connection: PostgresConnection, name: str, month: Month, on_step: OnStep) -> sql.Composed:
    """Check beside the writers that a table holds a month's rows only; the statement that ends what notes it.

    PostgreSQL then believes it, and attaches the table without reading it while others wait. Raises CheckViolation.
    """
    table, check = sql.Identifier(name), sql.Identifier(f"{name}_bounds")
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}").format(table, check)
    add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK (created_at >= {} AND created_at < {}) NOT VALID").format(
        table, check, sql.Literal(month.start), sql.Literal(month.plus(1).start)
    )
    validate = sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(table, check)

    def execute_all(*statements: sql.Composed) -> None:
        attempt = partial(_execute, connection, statements)
        patiently(attempt, on_wait=on_step, last_wait=LOCK_WAIT)

    execute_all(drop, add)
    try:
        execute_all(validate)
    except psycopg.errors.CheckViolation:
        execute_all(drop)
        raise
    return drop


def _execute(connection: PostgresConnection, statements: Sequence[sql.Composed], lock_wait: float) -> None:
    with connection.transaction():
        limit_lock_waits(connection, lock_wait)
        for statement in statements:
            connection.execute(statement)


def _is_being_detached(connection: PostgresConnection) -> bool:
    with connection.transaction():
        row = fetch_one(connection, "partitions/is_being_detached")
    return row is not None and bool(row["detaching"])
