"""The parts of visits that may go on after a time, found where these visits began.

A session goes on where its id came before; a visit without one where its visitor had a hit right before, and so on,
back to its beginning. Nearly all began some minutes before: so they are looked for where they begin, and other days'
files are not read in their whole width.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, cast

from tracker.facts.engine import Cursor
from tracker.reports.facts_read import READ, FactsRead, TimeRange, naive
from tracker.reports.tables import visit_columns, visit_parts_of

_FIRST_LOOK: Final = timedelta(days=1)
"""So far back a visit's beginning is looked for at first; then twice as far, and so on."""


class NearAndLater(NamedTuple):
    """Parts on both sides of a time, as queries with the same values."""

    both: str
    later: str
    params: list[object]


def put_near(
    cursor: Cursor,
    files: FactsRead,
    time: TimeRange,
    *,
    end: datetime,
    timeout_minutes: int,
    names: Collection[str],
) -> NearAndLater:
    """Put into the table `near` what lies in a time, before `end`, of those who come after it, too; return both.

    They have what these of OF_VISITS are told by.

    Of a session that goes on it has every part; of a visitor without one all since the first of these visits began.
    """
    timeout, after = timedelta(minutes=timeout_minutes), TimeRange(end, time.end)
    of_sessions = _beginning_of_sessions(cursor, files, TimeRange(time.start, end), after)
    begin = min(of_sessions, _beginning_of_visits(cursor, files, time, end, timeout))
    later, later_params = parts_of(files, after)
    near, params = f"FROM ({later}) WHERE false", later_params
    if begin < end:
        near, params = parts_of(files, TimeRange(begin, end))
    columns = visit_columns(names)
    cursor.run(
        f"""
        CREATE OR REPLACE TEMP TABLE near AS
        WITH after AS MATERIALIZED (SELECT visitor, session FROM ({later}))
        SELECT {columns} FROM ({near})
        WHERE session IN (SELECT session FROM after WHERE session IS NOT NULL)
            OR (session IS NULL AND visitor IN (SELECT visitor FROM after WHERE session IS NULL))
        """,  # noqa: S608 our own names
        [*later_params, *params],
    )
    both = f"SELECT {columns} FROM near UNION ALL SELECT {columns} FROM ({later})"  # noqa: S608 our own names
    return NearAndLater(both, later, later_params)


def parts_of(files: FactsRead, time: TimeRange) -> tuple[str, list[object]]:
    """Return the query of the parts of visits in a time, and the values of its places."""
    return visit_parts_of(files.about(time), time, of_parts=True)


def _beginning_of_sessions(cursor: Cursor, files: FactsRead, before: TimeRange, after: TimeRange) -> datetime:
    """Return a time before which none of the sessions began that go on in the time after.

    It is that of the first file which has one of them: to read their times, too, takes half as long again.
    """
    (later, later_params), of_before = parts_of(files, after), files.about(before)
    [(number,)] = cursor.rows(
        f"""
        SELECT min(file_index) FROM {READ}
        SEMI JOIN (SELECT session FROM ({later}) WHERE session IS NOT NULL) AS later USING (session)
        """,  # noqa: S608 our own names
        [of_before.paths_of_parts, *later_params],
    )
    if number is None:
        return before.end
    return max(before.start, of_before.ranges[number].start) if of_before.ranges else before.start


def _beginning_of_visits(
    cursor: Cursor, files: FactsRead, time: TimeRange, end: datetime, timeout: timedelta
) -> datetime:
    """Return when the first of the visits without a session id began that go on after `end`.

    No file, and so no number of a visit, goes over a midnight (UTC): what began a while after one has not begun before.
    Where none goes over `end` either, only those go on who came within the timeout after it.
    """
    until = time.end if files.is_cut_at(end) else end + timeout
    back = _FIRST_LOOK
    while True:
        since = max(_midnight(end - back), time.start)
        parts, params = parts_of(files, TimeRange(since, time.end))
        [(begin,)] = cursor.rows(
            f"""
            WITH parts AS NOT MATERIALIZED (FROM ({parts}) WHERE session IS NULL),
            visits AS (
                SELECT visitor, min(time) AS begins, max(time + to_microseconds(lasted)) AS ends
                FROM parts SEMI JOIN (SELECT visitor FROM parts WHERE time >= ? AND time < ?) AS after USING (visitor)
                GROUP BY visitor, visit
            ),
            told AS (
                SELECT *, CASE WHEN begins - lag(ends) OVER theirs <= to_microseconds(?) THEN 0 ELSE 1 END AS fresh
                FROM visits WINDOW theirs AS (PARTITION BY visitor ORDER BY begins)
            ),
            numbered AS (SELECT *, sum(fresh) OVER (PARTITION BY visitor ORDER BY begins) AS number FROM told)
            SELECT min(begin) FROM (
                SELECT min(begins) AS begin FROM numbered GROUP BY visitor, number
                HAVING min(begins) < ? AND max(ends) >= ?
            )
            """,  # noqa: S608 our own names
            [*params, naive(end), naive(until), timeout // timedelta(microseconds=1), naive(end), naive(end)],
        )
        if begin is None:
            return end
        first = cast("datetime", begin).replace(tzinfo=UTC)
        if since == time.start or first > since + timeout:
            return first
        back *= 2


def _midnight(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
