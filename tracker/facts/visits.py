"""Visits, found when a file is written: each hit has the number of its visit, and each visit a row beside the hits.

A file is read in two ways. Questions about single hits take the hits; those about what a whole visit has in common
(device, country, source, first page ...) take its parts, of which there are a quarter as many or fewer. A **part** is
what a visit has of hits in one slot of time, with the same values of every dimension that it keeps.

Hits that bring a session id are the visit of that id. Hits without one are visits of their visitor, which end where
more than the application's `session_timeout_minutes` pass without another. What lies at the edge of a file may go on in
the next one: whoever reads joins that (`tracker.reports.visits`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from tracker.facts.columns import VISIT_SOURCES, VISITOR_DIMENSIONS, empty
from tracker.facts.engine import text

SLOT: Final = timedelta(minutes=30)
"""No part of a visit goes over the bounds of these, so that days and hours of nearly every zone are made of parts."""
ORDER_OF_KINDS: Final = "country, device, browser, system"
ORDER: Final = f"{ORDER_OF_KINDS}, visitor, time"
"""Of hits and of parts: a filter on the first ones leaves most of a file unread, and a visitor's are together."""
ORDER_OF_PARTS: Final = ", ".join(f"parts.{name}" for name in ORDER.split(", "))
_AS_TEXTS: Final = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in ORDER_OF_KINDS.split(", "))
"""Of an ENUM a block has the bounds of all texts that there are: filters could not pass over blocks by them.

Of rows that are in order, since texts take longer to sort.
"""
VISIT_COLUMNS: Final = ("visit", "at_edge")
"""Of a hit: the number of its visit (none with a session id), and whether that may go on in another file."""


@dataclass(frozen=True, slots=True)
class FileSpan:
    """The hours, or minutes (UTC, first and last included), that a file is about, and when a visit is over."""

    day: date
    first_hour: int
    last_hour: int
    timeout_minutes: int
    first_minute: int = 0
    """Of the first hour."""
    last_minute: int = 59
    """Of the last hour."""

    @property
    def start(self) -> datetime:
        return self._midnight + timedelta(hours=self.first_hour, minutes=self.first_minute)

    @property
    def end(self) -> datetime:
        return self._midnight + timedelta(hours=self.last_hour, minutes=self.last_minute + 1)

    @property
    def _midnight(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)

    @property
    def first_number(self) -> int:
        """Return a number that no visit of another file of the application has: files share no minute.

        From one minute to the next there is room for 67,000,000 visits, and for 64 times as many from one hour on.
        """
        return (int(self.start.timestamp()) // 3600 << 32) + (self.first_minute << 26)

    @property
    def within(self) -> str:
        """Return the condition, as SQL, that a hit is within it."""
        return f"(time >= {_literal(self.start)} AND time < {_literal(self.end)})"

    @property
    def edges(self) -> tuple[str, str]:
        """Return the times, as SQL, before which and from which on a visit may go on in another file."""
        timeout = timedelta(minutes=self.timeout_minutes)
        return _literal(self.start + timeout), _literal(self.end - timeout)


def numbers_of(hits: str, span: FileSpan, *, by: str = "") -> str:
    """Return the number of the visit of each visitor and time of a query's hits, of those without a session id.

    Where the hits are of several files, `by` is the column that says of which one, here and in what follows.
    """
    by = by and f"{by}, "
    partition = by and f"PARTITION BY {by.removesuffix(', ')} "
    timeout = f"INTERVAL {span.timeout_minutes} MINUTE"
    # Visits are found among times of visitors alone: whole hits in a window would need many times the memory.
    return f"""
        WITH moments AS (SELECT DISTINCT {by}visitor, time FROM ({hits}) WHERE session IS NULL),
        begun AS (
            SELECT *, CASE WHEN time - lag(time) OVER (PARTITION BY {by}visitor ORDER BY time) <= {timeout}
                THEN 0 ELSE 1 END AS begins
            FROM moments
        )
        SELECT {by}visitor, time,
            CAST({span.first_number} + sum(begins) OVER ({partition}ORDER BY visitor, time) AS UBIGINT) AS number
        FROM begun
    """  # noqa: S608 numbers and names of our own


def with_numbers(hits: str, numbers: str, *, by: str = "") -> str:
    """Return a table of a query's hits and, as `visit`, the number of their visits (none with a session id)."""
    return f"""(
        SELECT hits.*, CASE WHEN session IS NULL THEN number END AS visit
        FROM ({hits}) AS hits LEFT JOIN {numbers} AS numbers
            ON {_same_moment(by)}
    )"""  # noqa: S608 our own names


def numbered(
    hits: str, span: FileSpan, *, numbers: str | None = None, by: str = "", lacking: Collection[str] = ()
) -> str:
    """Return the hits of a query with VISIT_COLUMNS, a visitor's together: so they are packed best, and counted.

    `numbers` is a table of what `numbers_of` returns of them. `lacking` are columns that they have not: they get them,
    without a value.
    """
    head, tail = span.edges
    names = ", ".join(map(text, VISIT_COLUMNS))
    same_kind = " AND ".join(f"hits.{name} IS NOT DISTINCT FROM kinds.{name}" for name in ORDER_OF_KINDS.split(", "))
    # It is ORDER, by a number in the place of four texts: sorting by these takes six times as long.
    return f"""
        WITH hits AS NOT MATERIALIZED (SELECT COLUMNS(lambda name: name NOT IN ({names})) FROM ({hits})),
        kinds AS MATERIALIZED (
            SELECT *, CAST(row_number() OVER (ORDER BY {ORDER_OF_KINDS}) AS UINTEGER) AS kind
            FROM (SELECT DISTINCT {ORDER_OF_KINDS} FROM hits)
        ),
        numbers AS ({f"FROM {numbers}" if numbers else numbers_of("FROM hits", span, by=by)})
        SELECT * REPLACE ({_AS_TEXTS}){_and_empty(lacking)} FROM (
            SELECT hits.*, CASE WHEN session IS NULL THEN number END AS visit,
                session IS NULL AND (hits.time < {head} OR hits.time >= {tail}) AS at_edge
            FROM hits LEFT JOIN numbers ON {_same_moment(by)}
                LEFT JOIN kinds ON {same_kind}
            ORDER BY {by and f"hits.{by}, "}kind, hits.visitor, hits.time
        )
    """  # noqa: S608 numbers and names of our own


def _and_empty(names: Collection[str]) -> str:
    """Return what goes on with a SELECT: put behind rows in order, empty columns are not moved with them."""
    return f", {empty(names)}" if names else ""


def _same_moment(by: str) -> str:
    columns = (by, "visitor", "time") if by else ("visitor", "time")
    return " AND ".join(f"hits.{name} = numbers.{name}" for name in columns)


def parts_of(hits: str, span: FileSpan, *, by: str = "", lacking: Collection[str] = ()) -> str:
    """Return the parts of the visits in a table of hits with the numbers of their visits.

    Hits within the site (channel `internal`) are counted beside those that came from elsewhere, in `internal_requests`
    and `internal_views`, where the visit has one source in the slot: that halves the rows. Where it has several, also
    of a session with several visitors, each part of one has the time of its first hit: that tells which came first.
    `lacking` are columns that the hits have not: their parts get them, without a value.
    """
    head, tail = span.edges
    absent = [name for name in (*VISITOR_DIMENSIONS, *VISIT_SOURCES) if name in lacking]
    kept = ", ".join(name for name in VISITOR_DIMENSIONS if name not in lacking)
    names = [name for name in VISIT_SOURCES if name not in lacking]
    sources = ", ".join(names)
    apart = ", ".join(f"{text(name)}: {name}" for name in names)
    none = "".join(f" AND {name} IS NULL" for name in names if name != "channel")
    arrived = ", ".join(f"any_value({name}) FILTER (NOT is_internal) AS {name}" for name in names)
    counts = ", ".join(
        f"CAST(count(*) FILTER ({which}{what}) AS INTEGER) AS {name}"
        for which, prefix in (("NOT is_internal", ""), ("is_internal", "internal_"))
        for what, name in (("", f"{prefix}requests"), (" AND is_view", f"{prefix}views"))
    )
    by, order = by and f"{by}, ", by and f"parts.{by}, "
    visit = f"{by}visitor, session, visit"
    same_slot = " AND ".join(
        f"told.{name} IS NOT DISTINCT FROM arrivals.{name}" for name in f"{by}session, visit, slot".split(", ")
    )
    page, view, minutes = "page IS NOT NULL", "is_view AND page IS NOT NULL", int(SLOT.total_seconds()) // 60
    # What few parts have is joined: windows would sort all of these columns for it.
    return f"""
        WITH told AS (
            SELECT *, time_bucket(INTERVAL {minutes} MINUTE, time) AS slot,
                coalesce(channel = 'internal', false){none} AS is_internal
            FROM {hits}
        ), arrivals AS (
            SELECT {by}session, visit, slot
            FROM (SELECT DISTINCT {visit}, slot, {kept}, {sources} FROM told WHERE NOT is_internal)
            GROUP BY ALL HAVING count(*) > 1
        ), parts AS MATERIALIZED (
            SELECT {visit}, slot, {kept}, {arrived}, {counts},
                min(time) AS time, max(time) AS last, coalesce(bool_or({view}), false) AS has_view,
                arg_min(page, (NOT is_view, time, page)) AS entry_page,
                arg_max(page, (is_view, time, page)) AS exit_page,
                coalesce(min(time) FILTER ({view}), min(time) FILTER ({page})) AS entered,
                coalesce(max(time) FILTER ({view}), max(time) FILTER ({page})) AS left_at
            FROM (
                SELECT told.*, CASE WHEN arrivals.slot IS NOT NULL THEN {{{apart}}} END AS apart
                FROM told LEFT JOIN arrivals ON {same_slot}
            )
            GROUP BY {visit}, slot, {kept}, apart
        ), divided AS (
            SELECT {by}visit FROM parts WHERE session IS NULL GROUP BY ALL HAVING count(*) > 1
        )
        SELECT * REPLACE ({_AS_TEXTS}){_and_empty(absent)} FROM (
            SELECT parts.* EXCLUDE (slot, last, entered, left_at),
                date_diff('microsecond', time, last) AS lasted,
                date_diff('microsecond', time, entered) AS entered_after,
                date_diff('microsecond', left_at, last) AS left_before,
                session IS NULL AND (time < {head} OR last >= {tail}) AS at_edge,
                session IS NULL AND NOT at_edge AND divided.visit IS NULL AS is_whole
            FROM parts LEFT JOIN divided USING ({by}visit) ORDER BY {order}{ORDER_OF_PARTS}
        )
    """  # noqa: S608 names and numbers of our own


def beside(file: Path) -> Path:
    """Return where the parts of visits stand: beside the hits, under a name that is no pattern's for Parquet."""
    return file.with_suffix(".visits")


def _literal(time: datetime) -> str:
    return f"TIMESTAMP '{time:%Y-%m-%d %H:%M:%S}'"
