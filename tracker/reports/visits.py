"""Visits over the bounds of files, and what whole visits were like, as SQL over their parts. Pure.

Only what lies in the time that is asked about counts: a visit that goes over its bounds is what lies within. A visit
bounced where it is one page view and nothing else. Its first and last page are those of page views, where it has any.
Hits of one time are counted together: which of them begins the visit is anybody's guess.
"""

from collections.abc import Sequence
from typing import Final

from tracker.facts.engine import quoted

WHOLE: Final = ("seconds", "is_bounce")
"""What a visit as a whole was like."""
_REQUESTS: Final = "requests + internal_requests"
_VIEWS: Final = "views + internal_views"
_GATHERED_PAGES: Final = """,
    arg_min(entry_page, (NOT has_view, time + to_microseconds(entered_after), entry_page)) AS entry_page,
    arg_max(exit_page, (has_view, time + to_microseconds(lasted - left_before), exit_page)) AS exit_page"""


def keys_of_visits(parts: str, *, timeout_minutes: int) -> list[str]:
    """Return the table `roots`: of visits that go on from one file to another, the number of the first one."""
    return [
        f"""edges AS (
            SELECT visitor, visit, min(time) AS begins, max(time + to_microseconds(lasted)) AS ends
            FROM {parts} WHERE at_edge GROUP BY visitor, visit
        )""",  # noqa: S608 our own names
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


def parts_with_visits(parts: str, columns: Sequence[str], *, timeout_minutes: int, pages: bool) -> list[str]:
    """Return the table `parts`, which has `key`, WHOLE, and the first and last page with `pages`; and these `columns`.

    `is_known` says of a part that it is all of its visit: nothing has to be gathered for it.
    """
    kept = ", ".join(map(quoted, ["time", "visitor", *columns]))
    entry = ", entry_page, exit_page" if pages else ""
    of_all = ", gathered.entry_page, gathered.exit_page" if pages else ""
    found = ", has_view, entered_after, left_before" if pages else ""
    gathered = _GATHERED_PAGES if pages else ""
    is_known = "(is_whole OR (session IS NOT NULL AND session NOT IN (SELECT session FROM divided)))"
    return [
        *keys_of_visits(parts, timeout_minutes=timeout_minutes),
        f"""divided AS MATERIALIZED (
            SELECT session FROM {parts} WHERE session IS NOT NULL GROUP BY session HAVING count(*) > 1
        )""",  # noqa: S608 our own names
        f"""others AS NOT MATERIALIZED (
            SELECT {kept}{entry}{found}, lasted, {_REQUESTS} AS all_requests, {_VIEWS} AS all_views,
                coalesce(session, root, visit) AS key
            FROM (FROM {parts} WHERE NOT {is_known}) LEFT JOIN roots USING (visit)
        )""",  # noqa: S608 our own names
        f"""gathered AS MATERIALIZED (
            SELECT key, date_diff('microsecond', min(time), max(time + to_microseconds(lasted))) / 1000000.0 AS seconds,
                sum(all_requests) = 1 AND sum(all_views) = 1 AS is_bounce{gathered}
            FROM others GROUP BY key
        )""",  # noqa: S608 our own names
        f"""parts AS NOT MATERIALIZED (
            SELECT {kept}, coalesce(session, visit) AS key, true AS is_known, lasted / 1000000.0 AS seconds,
                {_REQUESTS} = 1 AND {_VIEWS} = 1 AS is_bounce{entry}
            FROM {parts} WHERE {is_known}
            UNION ALL
            SELECT {kept}, key, false AS is_known, seconds, is_bounce{of_all} FROM others JOIN gathered USING (key)
        )""",  # noqa: S608 our own names
    ]


def visits() -> str:
    """Return the table `visits`: one row for each, of the tables above."""
    return f"""visits AS (
        SELECT key, {", ".join(WHOLE)}, entry_page, exit_page FROM parts WHERE is_known
        UNION ALL
        SELECT key, {", ".join(WHOLE)}, entry_page, exit_page FROM gathered
    )"""  # noqa: S608 our own names
