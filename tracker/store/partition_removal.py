"""Removing a month: first that of `custom_parameter_values`, then that of `access_logs`, as the foreign key demands.

Writers are shut out while a month is taken off its table, for `MAX_SECONDS` at most: what is not done by then is undone
and tried again. DETACH has to make sure that no parameter value refers to the month, whose values are gone already, by
a join with all others; where a month is too large for that it is emptied first, bit by bit and without any lock that
a writer would notice. CASCADE is never used: it would take the foreign key off the whole table.

Between the two a month takes no more hits, so that none is stored that would go with it unseen, by an archive too.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from psycopg import errors, sql

from tracker.errors import DatabaseUnavailable
from tracker.store import ledger
from tracker.store.connection import PostgresConnection
from tracker.store.maintenance import LOCK_WAIT, limit_lock_waits, maintenance, patiently
from tracker.store.partitions import TABLES, Month, Partition, end_autovacuum, list_partitions
from tracker.store.queries import execute

LEAVING = "month_is_leaving"
"""The constraint of a month of `access_logs` whose parameter values are gone; `partition_making` takes it off again."""
MAX_SECONDS = 0.45
"""Seconds that writers may be held up, the wait for the locks included."""
_BLOCKS = 500
"""How much of a table is emptied in one transaction: 4 MB."""
_TRIES = 3
_PAUSE = 0.05
"""Seconds between two of these, in which others get on."""
_NOT_THESE_PLANS = (sql.SQL("SET LOCAL enable_hashjoin = off"), sql.SQL("SET LOCAL enable_nestloop = off"))
"""Both would read all parameter values. A merge by the hits' ids, which grow with time, ends with the month's last hit:
0.06 s instead of 2.5 s beside 1,500,000 values, and no more beside a thousand times as many."""


def remove(
    url: str,
    month: Month,
    *,
    on_step: Callable[[str], None] = lambda _: None,
    should_continue: Callable[[], bool],
    before: Callable[[PostgresConnection], None] = lambda _: None,
) -> list[str]:
    """Detach and drop a month of both tables, over the maintenance URL; the names of the dropped tables.

    A detach that broke off is finished. Each table is a transaction of its own, so that nothing is left lying about;
    between two `should_continue` is asked. `before` is called in each, while writers are shut out, and may refuse by an
    error. Raises DatabaseUnavailable where the locks were not to be had; what was dropped stays so.
    """
    dropped: list[str] = []
    with maintenance(url, name="tracker-partitions") as connection:
        hits = [partition for partition in _month_of(connection, TABLES[0], month) if not partition.half_detached]

        def before_values(connection: PostgresConnection) -> None:
            before(connection)
            for partition in hits:
                _take_no_more(connection, partition)

        for table, before_it in ((TABLES[1], before_values), (TABLES[0], before)):
            for partition in _month_of(connection, table, month):
                if not should_continue():
                    return dropped
                if _remove(connection, partition, on_step, should_continue, before_it):
                    on_step(f"{partition.name} dropped")
                    dropped.append(partition.name)
    return dropped


def _month_of(connection: PostgresConnection, table: str, month: Month) -> list[Partition]:
    partitions = [
        partition for partition in list_partitions(connection) if partition.table == table and partition.month == month
    ]
    connection.rollback()
    # Of two only one can be half detached, and as long as it is so nothing else can be detached.
    return sorted(partitions, key=lambda partition: not partition.half_detached)


def _take_no_more(connection: PostgresConnection, partition: Partition) -> None:
    """Have a month refuse hits from this transaction on: they fail with that reason, where an operator finds them."""
    table, check = sql.Identifier(partition.name), sql.Identifier(LEAVING)
    connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}").format(table, check))
    connection.execute(sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK (false) NOT VALID").format(table, check))


def _remove(
    connection: PostgresConnection,
    partition: Partition,
    on_step: Callable[[str], None],
    should_continue: Callable[[], bool],
    before: Callable[[PostgresConnection], None],
) -> bool:
    """Return whether it is dropped; not where `should_continue` said no while it was being emptied."""
    if _tried(connection, partition, on_step, before):
        return True
    if partition.table == TABLES[0]:
        on_step(f"{partition.name} is too large to be detached at once: emptying it first")
        with connection.transaction():
            before(connection)
        if not _empty(connection, partition, should_continue):
            return False
        if _tried(connection, partition, on_step, before):
            return True
    raise DatabaseUnavailable(f"{partition.name} could not be detached within {MAX_SECONDS} s: the machine is busy.")


def _tried(
    connection: PostgresConnection,
    partition: Partition,
    on_step: Callable[[str], None],
    before: Callable[[PostgresConnection], None],
) -> bool:
    """Try a few times; False where the time was always too short."""
    hits = _hits_in(connection, partition) if partition.table == TABLES[0] else {}
    for _ in range(_TRIES):
        try:
            patiently(partial(_detach, connection, partition, hits, before), on_wait=on_step, last_wait=LOCK_WAIT)
        except errors.QueryCanceled:
            time.sleep(_PAUSE)
        else:
            return True
    return False


@dataclass(slots=True)
class Budget:
    """What is left of the time in which others are shut out."""

    connection: PostgresConnection
    until: float

    def execute(self, statement: sql.Composed) -> None:
        left = max(1, round((self.until - time.monotonic()) * 1000))
        self.connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(f"{left}ms")))
        self.connection.execute(statement)


def lock_out(connection: PostgresConnection) -> None:
    """Have the two tables for this transaction alone."""
    execute(connection, "partitions/lock_out")


def _hits_in(connection: PostgresConnection, partition: Partition) -> dict[str, int]:
    """Count the hits of a month by application, beside the writers: for the ledger, which learns it with the drop."""
    count = sql.SQL("SELECT application_id::text, count(*)::int FROM ONLY {} GROUP BY application_id")
    counted = connection.execute(count.format(sql.Identifier(partition.name))).fetchall()
    connection.rollback()
    return dict(counted)


def _detach(
    connection: PostgresConnection,
    partition: Partition,
    hits: dict[str, int],
    before: Callable[[PostgresConnection], None],
    lock_wait: float,
) -> None:
    parent, name = sql.Identifier(partition.table), sql.Identifier(partition.name)
    with connection.transaction():
        end_autovacuum(connection)
        limit_lock_waits(connection, lock_wait)
        for plan in _NOT_THESE_PLANS:
            connection.execute(plan)
        budget = Budget(connection, time.monotonic() + MAX_SECONDS)
        lock_out(connection)
        before(connection)
        finalize = sql.SQL("FINALIZE" if partition.half_detached else "")
        budget.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {} {}").format(parent, name, finalize))
        budget.execute(sql.SQL("DROP TABLE {}").format(name))
        if hits:
            ledger.add_dropped(connection, hits)


def _empty(connection: PostgresConnection, partition: Partition, should_continue: Callable[[], bool]) -> bool:
    """Delete all rows of a month of `access_logs`, whose parameter values are gone; False where told to stop."""
    name = sql.Identifier(partition.name)
    # By blocks: looking for the next thousand rows would read over all that are deleted already.
    delete = sql.SQL(
        "WITH gone AS (DELETE FROM ONLY {} WHERE ctid >= {} AND ctid < {} RETURNING application_id)"
        " INSERT INTO ledger_changes (application_id, hour, dropped)"
        " SELECT application_id, date_trunc('hour', now(), 'UTC'), count(*) FROM gone GROUP BY application_id"
    )
    size = connection.execute(
        "SELECT pg_relation_size(quote_ident(%s)::regclass) / current_setting('block_size')::int", [partition.name]
    ).fetchone()
    connection.rollback()
    assert size is not None
    for block in range(0, int(size[0]) + 1, _BLOCKS):
        if not should_continue():
            return False
        first, end = (sql.Literal(f"({number},0)") for number in (block, block + _BLOCKS))
        with connection.transaction():
            connection.execute(delete.format(name, first, end))
        time.sleep(_PAUSE)
    connection.autocommit = True
    try:
        connection.execute(sql.SQL("VACUUM {}").format(name))
    finally:
        connection.autocommit = False
    return True
