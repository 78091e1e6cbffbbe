"""The same number of new hits folded into a day that has 100 times as many, against a small day."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from bench import pairs
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage
from tracker.clock import SystemClock
from tracker.stats.fold import fold
from tracker.store.database import Database

NAME = "statistics large day"
TARGET = 1.3
_BATCH = 100
_LARGER = 100
_WARM_UP = 2

_APPEND = """
INSERT INTO statistics_increments (application_id, received_at, date, hour, total_requests, visitors, sessions,
                                   parameter_keys, parameter_values, parameter_counts)
SELECT %(application_id)s, now(), %(date)s, %(hour)s, 100,
       array(SELECT md5(%(who)s || ' visitor ' || floor(random() * %(visitors)s))::uuid
             FROM generate_series(1, 100) WHERE number > 0),
       array(SELECT md5(%(who)s || ' session ' || floor(random() * %(sessions)s))::uuid
             FROM generate_series(1, 100) WHERE number > 0),
       array_cat(array_fill('product_id'::text, ARRAY[100]), array_fill('product_price'::text, ARRAY[100])),
       array(SELECT floor(random() * 10000)::text FROM generate_series(1, 200) WHERE number > 0),
       array_fill(1, ARRAY[200])
FROM generate_series(1, %(batches)s) AS number
"""
"""Batches of 100 hits from some visitors and sessions, each hit with a product and a price. `number > 0` is always
true; it makes PostgreSQL draw anew for each batch."""


class _Day:
    """One day that hits are folded into; `size` is how many it has before anything is measured."""

    def __init__(self, connection: psycopg.Connection[Any], database: Database, application: str, day: date) -> None:
        self._connection = connection
        self._database = database
        self._values = {"application_id": application, "date": day}
        self._rounds = 0

    def grow(self, size: int) -> None:
        """Give it `size` hits, evenly over its hours."""
        for hour in range(24):
            self._append("day", size // 24, hour, visitors=size // 5)
        self._fold()

    def fold_new(self, count: int) -> float:
        """`count` new hits of one hour, from visitors whom the day has not seen, into it; hits a second."""
        self._rounds += 1
        self._append(f"round {self._rounds}", count, 12, visitors=count // 5)
        began = time.perf_counter()
        folded = self._fold()
        seconds = time.perf_counter() - began
        if folded != count:
            raise NotMeasured(f"{folded} of {count} hits were folded")
        return count / seconds

    def _append(self, who: str, count: int, hour: int, *, visitors: int) -> None:
        sizes = {"visitors": visitors, "sessions": visitors // 2, "batches": count // _BATCH}
        self._connection.execute(_APPEND, {**self._values, **sizes, "who": who, "hour": hour})

    def _fold(self) -> int:
        return fold(self._database, SystemClock(), seconds=600).hits


def measure(stage: Stage, effort: Effort) -> Row:
    new, small_size = effort.folded_hits // 5, effort.small_day
    large_size = small_size * _LARGER
    stage.empty_tables()
    database = Database(stage.environment["DATABASE_URL"], name="bench")
    today = datetime.now(UTC).date()
    with psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as connection:
        small = _Day(connection, database, stage.application_id, today)
        large = _Day(connection, database, stage.application_id, today - timedelta(days=1))
        small.grow(small_size)
        large.grow(large_size)
        connection.execute("VACUUM (ANALYZE)")
        # Whoever touches a page first after a checkpoint writes all of it into the log: the first rounds pay for that.
        connection.execute("CHECKPOINT")
        for _ in range(_WARM_UP):
            small.fold_new(new)
            large.fold_new(new)
        measured = pairs.measured_in_turn(effort.rounds, lambda: small.fold_new(new), lambda: large.fold_new(new))
    database.close()
    stage.empty_tables()
    return Row(
        name=NAME,
        value=round(measured.ratio, 3),
        unit="times the cost",
        target=TARGET,
        direction="at most",
        details=measured.details("hits/s into the small day against the large one")
        | {"new_hits_a_round": new, "small_day": small_size, "large_day": large_size},
    )
