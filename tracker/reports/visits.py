"""Visits of several parts, and what whole visits were like, as SQL over their parts. Pure.

Only what lies in the time that is asked about counts: a visit that goes over its bounds is what lies within. A visit
bounced where it is one page view and nothing else. Its first and last page are those of page views, where it has any.
Hits of one time are counted together: which of them begins the visit is anybody's guess.

A visit came from where its first hit did that no page of the site itself led to; of several at one time it is the one
whose source is first in order. Where there is none, as of what is left of a visit after midnight, the channel is
`internal`, and there is no source.

Most visits are one part. The others are **gathered** into a table with a row for each number (`raw`: of a session, or
of a visit in its file) that a part of them bears: the `key` that all parts of the visit have, WHOLE, and what is asked
of OF_VISITS.
"""

from collections.abc import Collection, Iterable
from typing import Final

from tracker.facts.columns import VISIT_SOURCES

WHOLE: Final = ("seconds", "is_bounce")
"""What a visit as a whole was like."""
PAGES: Final = ("entry_page", "exit_page")
"""Its first and its last page."""
OF_PAGES: Final = ("has_view", "entry_page", "exit_page", "entered_after", "left_before")
"""The columns of its parts that tell them."""
WITHIN: Final = "internal"
"""The channel of hits that a page of the site itself led to."""
ARRIVALS: Final = {f"visit_{name}": name for name in VISIT_SOURCES}
"""By name: the column of its hits that says where it came from."""
OF_VISITS: Final = (*PAGES, *ARRIVALS)
"""What all hits of a visit have in common, although only some of them tell it."""
_MOSTLY_ASKED: Final = frozenset({*PAGES, "visit_channel", "visit_source", "visit_utm_campaign"})
"""What the dashboard's page shows, or most often: what is made for one of its questions serves the others, too."""
_OF_NONE: Final = {"visit_channel": f"'{WITHIN}'"}
"""What is said of visits of which no hit came from elsewhere; of others nothing."""
_HAS_ARRIVED: Final = f"visit_channel IS DISTINCT FROM '{WITHIN}'"
_REQUESTS: Final = "requests + internal_requests"
_VIEWS: Final = "views + internal_views"
_PAGES_OF_PARTS: Final = {
    "entry_page": "arg_min(entry_page, (NOT has_view, time + to_microseconds(entered_after), entry_page))",
    "exit_page": "arg_max(exit_page, (has_view, time + to_microseconds(lasted - left_before), exit_page))",
}
RAW: Final = "coalesce(session, visit)"
"""The number that a part bears; that of a visit that goes on in another file is not the key of the visit."""
OF_A_PART: Final = {
    "seconds": "lasted / 1000000.0",
    "is_bounce": f"{_REQUESTS} = 1 AND {_VIEWS} = 1",
    **{name: f"files.{name}" for name in OF_VISITS},
}
"""By name: what a part in the table `files` says of a visit that it is all of."""


def keys_of_visits(parts: str, *, timeout_minutes: int) -> list[str]:
    """Return the table `roots`: of visits that go on from one file to another, the number of the first one."""
    return [
        f"""edges_of_all AS (
            SELECT visitor, visit, min(time) AS begins, max(time + to_microseconds(lasted)) AS ends
            FROM {parts} WHERE at_edge GROUP BY visitor, visit
        )""",  # noqa: S608 our own names
        # Most visitors have one: among few the windows take half as long.
        """edges AS (
            SELECT edges_of_all.* FROM edges_of_all
            SEMI JOIN (SELECT visitor FROM edges_of_all GROUP BY visitor HAVING count(*) > 1) USING (visitor)
        )""",
        f"""roots AS (
            SELECT visit, root FROM (
                SELECT visit, min(visit) OVER (PARTITION BY visitor, number) AS root FROM (
                    SELECT *, sum(fresh) OVER (PARTITION BY visitor ORDER BY begins) AS number FROM (
                        SELECT *, CASE WHEN begins - lag(ends) OVER (PARTITION BY visitor ORDER BY begins)
                            <= INTERVAL {timeout_minutes} MINUTE THEN 0 ELSE 1 END AS fresh FROM edges
                    )
                )
            ) WHERE root <> visit
        )""",  # noqa: S608 a number
    ]


def arrivals_of_rows(is_from_elsewhere: str, names: Iterable[str] = ARRIVALS) -> list[str]:
    """Return these columns of ARRIVALS as a row with those of VISIT_SOURCES tells them: a hit, or a part of a visit."""
    return [
        f"CASE WHEN {is_from_elsewhere} THEN {ARRIVALS[name]} ELSE {_OF_NONE.get(name, 'NULL')} END AS {name}"
        for name in names
    ]


def told_together(name: str) -> str:
    """Return one of OF_VISITS as the parts of a visit tell it together."""
    if name in PAGES:
        return _PAGES_OF_PARTS[name]
    # Hits of one slot that came from elsewhere are parts apart where they are several: so their times are known.
    return arrival_by(name, f"(time, coalesce(visit_source, ''), coalesce({name}, ''))")


def arrival_by(name: str, order: str) -> str:
    """Return one of ARRIVALS as the first of a visit's rows tells it that knows where it came from."""
    first = f"arg_min(coalesce({name}, ''), {order}) FILTER ({_HAS_ARRIVED})"
    return f"coalesce(nullif({first}, ''), {_OF_NONE.get(name, 'NULL')})"


def for_a_page(names: Collection[str]) -> tuple[str, ...]:
    """Return these of OF_VISITS, and what other questions of a page ask."""
    return tuple(name for name in OF_VISITS if name in _MOSTLY_ASKED or name in names)


def told_by_parts(names: Collection[str]) -> tuple[str, ...]:
    """Return the columns of parts that tell these of OF_VISITS."""
    pages = OF_PAGES if set(names) & set(PAGES) else ()
    arrivals = {"visit_source", "visit_channel", *names} if set(names) & set(ARRIVALS) else set()
    return (*pages, *(name for name in ARRIVALS if name in arrivals))


def gathered_of(parts: str, *, timeout_minutes: int, names: Collection[str] = PAGES) -> str:
    """Return the query of the visits that have several of these parts, with these of OF_VISITS.

    Without pages it takes two thirds. Each part has a hit, so that none of them bounced.
    """
    told = "".join(f", {told_together(name)} AS {name}" for name in names)
    roots = ", ".join(keys_of_visits("parts", timeout_minutes=timeout_minutes))
    return f"""
        WITH parts AS NOT MATERIALIZED ({parts}), {roots},
        divided AS MATERIALIZED (
            SELECT {RAW} AS raw FROM parts WHERE NOT is_whole GROUP BY raw HAVING count(*) > 1
            UNION SELECT visit FROM roots UNION SELECT root FROM roots
        ),
        theirs AS MATERIALIZED (
            SELECT *, coalesce(session, root, visit) AS key
            FROM (SELECT *, {RAW} AS raw FROM parts WHERE NOT is_whole)
            SEMI JOIN divided USING (raw) LEFT JOIN roots USING (visit)
        ),
        visits AS (
            SELECT key, date_diff('microsecond', min(time), max(time + to_microseconds(lasted))) / 1000000.0 AS seconds,
                false AS is_bounce{told}
            FROM theirs GROUP BY key
        )
        SELECT raw, visits.* FROM (SELECT DISTINCT raw, key FROM theirs) JOIN visits USING (key)
    """  # noqa: S608 our own names
