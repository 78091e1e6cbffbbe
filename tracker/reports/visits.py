"""Visits of several parts, and what whole visits were like, as SQL over their parts. Pure.

Only what lies in the time that is asked about counts: a visit that goes over its bounds is what lies within. A visit
bounced where it is one page view and nothing else. Its first and last page are those of page views, where it has any.
Hits of one time are counted together: which of them begins the visit is anybody's guess.

Most visits are one part. The others are **gathered** into a table with a row for each number (`raw`: of a session, or
of a visit in its file) that a part of them bears: the `key` that all parts of the visit have, and WHOLE and PAGES.
"""

from typing import Final

WHOLE: Final = ("seconds", "is_bounce")
"""What a visit as a whole was like."""
PAGES: Final = ("entry_page", "exit_page")
"""Its first and its last page."""
_REQUESTS: Final = "requests + internal_requests"
_VIEWS: Final = "views + internal_views"
_PAGES_OF_PARTS: Final = """
    arg_min(entry_page, (NOT has_view, time + to_microseconds(entered_after), entry_page)) AS entry_page,
    arg_max(exit_page, (has_view, time + to_microseconds(lasted - left_before), exit_page)) AS exit_page"""
RAW: Final = "coalesce(session, visit)"
"""The number that a part bears; that of a visit that goes on in another file is not the key of the visit."""
OF_A_PART: Final = {
    "seconds": "lasted / 1000000.0",
    "is_bounce": f"{_REQUESTS} = 1 AND {_VIEWS} = 1",
    "entry_page": "files.entry_page",
    "exit_page": "files.exit_page",
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


def gathered_of(parts: str, *, timeout_minutes: int, with_pages: bool = True) -> str:
    """Return the query of the visits that have several of these parts; without pages it takes two thirds.

    Each part has a hit, so that none of them bounced.
    """
    pages = f", {_PAGES_OF_PARTS}" if with_pages else ""
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
                false AS is_bounce{pages}
            FROM theirs GROUP BY key
        )
        SELECT raw, visits.* FROM (SELECT DISTINCT raw, key FROM theirs) JOIN visits USING (key)
    """  # noqa: S608 our own names
