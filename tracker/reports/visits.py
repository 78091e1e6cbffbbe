"""Which hits make one visit, as SQL over a table of hits. Pure.

Hits that bring a session id are the visit of that id. Hits without one are visits of their visitor: one ends where more
than the application's `session_timeout_minutes` pass without another of them, in whatever order they arrived. Only hits
of the time that is asked about count: a visit that goes over its bounds is what lies within.
"""

from typing import Final

_FACTS_OF_A_VISIT: Final = """
    SELECT visit,
        date_diff('microsecond', min(time), max(time)) / 1000000.0 AS seconds,
        count(*) FILTER (is_view) = 1 AND count(*) = 1 AS is_bounce
        {pages}
    FROM with_visit GROUP BY visit
"""
_PAGES: Final = """,
        coalesce(arg_min(page, (time, page)) FILTER (is_view), arg_min(page, (time, page))) AS entry_page,
        coalesce(arg_max(page, (time, page)) FILTER (is_view), arg_max(page, (time, page))) AS exit_page
"""


def with_visits(timeout_minutes: int, *, pages: bool) -> str:
    """Return the tables `with_visit` (hits of the table `hits`, and their visit) and `visits`, for a WITH.

    A visit bounced where it is one page view and nothing else. Its first and last page are those of page views, where
    it has any; only with `pages` are they looked for. Hits of one time are counted together (RANGE): which of them
    begins the visit is anybody's guess.
    """
    return f"""
        with_visit AS (
            SELECT *, hash('session', session) AS visit FROM hits WHERE session IS NOT NULL
            UNION ALL BY NAME
            SELECT * EXCLUDE (begins), hash('visitor', visitor, sum(begins) OVER in_order) AS visit
            FROM (
                SELECT *, CASE WHEN time - lag(time) OVER (PARTITION BY visitor ORDER BY time)
                                    <= INTERVAL {timeout_minutes} MINUTE THEN 0 ELSE 1 END AS begins
                FROM hits WHERE session IS NULL
            )
            WINDOW in_order AS (PARTITION BY visitor ORDER BY time RANGE UNBOUNDED PRECEDING)
        ),
        visits AS ({_FACTS_OF_A_VISIT.format(pages=_PAGES if pages else "")})
    """  # noqa: S608 a number and texts of our own
