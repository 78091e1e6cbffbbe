"""The questions of a dashboard's page, and each as SQL over `access_logs` as far as that can be asked there.

The SQL is given an easier task: a browser is a piece of the user agent, a country the time zone, a visit a session id.
"""

from dataclasses import dataclass, field

_VISITOR = "coalesce(client_sub_id, host(ip_address) || coalesce(user_agent, ''))"
_PAGE = "substring(url from '^[a-z]+://[^/]+([^?#]*)')"
_SOURCE = "substring(referrer from '^[a-z]+://([^/]+)')"
_BROWSER = "substring(user_agent from '(Browser[0-9]+)/')"
_DEVICE = """CASE WHEN user_agent LIKE '%%Mobile%%' THEN 'phone' WHEN user_agent LIKE '%%iPad%%' THEN 'tablet'
    ELSE 'desktop' END"""
_OUTSIDE = "referrer IS NULL OR referrer NOT LIKE 'https://shop.example/%%'"
_HITS = "access_logs WHERE app_id = %(app_id)s AND created_at >= %(first)s AND created_at < %(end)s"
_FILTERS = f"{_DEVICE} = 'phone' AND timezone = 'Asia/Tokyo' AND {_BROWSER} = 'Browser1'"
_TEN = "GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
_VISITS = f"""
    SELECT session_id, count(*) AS hits, extract(epoch FROM max(created_at) - min(created_at)) AS seconds FROM {_HITS}
        AND session_id IS NOT NULL {{filters}} GROUP BY session_id
"""
_TOTALS = f"""
    WITH visits AS ({_VISITS})
    SELECT count(*), count(DISTINCT {_VISITOR}), (SELECT count(*) FROM visits), (SELECT avg(seconds) FROM visits),
           (SELECT avg((hits = 1)::int) FROM visits)
    FROM {_HITS} {{filters}}
"""


@dataclass(frozen=True, slots=True)
class DashboardQuestion:
    """What is asked of the facts, and the same of the rows."""

    given: dict[str, str]
    sql: str = field(default="", repr=False)


def _by(column: str, condition: str = "true") -> str:
    return f"SELECT {column}, count(DISTINCT {_VISITOR}) FROM {_HITS} AND ({condition}) {_TEN}"


def _edge(direction: str) -> str:
    first = f"SELECT DISTINCT ON (session_id) {_PAGE} AS page FROM {_HITS} AND session_id IS NOT NULL"
    return f"SELECT page, count(*) FROM ({first} ORDER BY session_id, created_at {direction}) AS ends {_TEN}"


_THREE = '[["device", "is", "phone"], ["country", "is", "C3"], ["browser", "is", "Browser 1"]]'
DASHBOARD = {
    "totals": DashboardQuestion(
        {"measures": "visitors,page_views,sessions,duration,bounce_rate"}, _TOTALS.format(filters="")
    ),
    "days": DashboardQuestion(
        {"measures": "visitors,page_views", "interval": "day"},
        f"SELECT date_trunc('day', created_at), count(DISTINCT {_VISITOR}), count(*) FROM {_HITS} GROUP BY 1",
    ),
    "pages": DashboardQuestion(
        {"measures": "page_views,visitors", "dimensions": "page"},
        f"SELECT {_PAGE}, count(*), count(DISTINCT {_VISITOR}) FROM {_HITS} {_TEN}",
    ),
    "entry pages": DashboardQuestion({"measures": "sessions", "dimensions": "entry_page"}, _edge("")),
    "exit pages": DashboardQuestion({"measures": "sessions", "dimensions": "exit_page"}, _edge("DESC")),
    "sources": DashboardQuestion({"measures": "sessions", "dimensions": "visit_source"}, _by(_SOURCE, _OUTSIDE)),
    "channels": DashboardQuestion(
        {"measures": "sessions", "dimensions": "visit_channel"},
        _by(
            "CASE WHEN url LIKE '%%utm_%%' THEN 'campaign' WHEN referrer IS NULL THEN 'direct' ELSE 'other' END",
            _OUTSIDE,
        ),
    ),
    "campaigns": DashboardQuestion(
        {
            "measures": "sessions",
            "dimensions": "visit_utm_campaign",
            "filters": '[["visit_utm_campaign", "is_not", null]]',
        },
        _by("substring(url from 'utm_campaign=([^&#]*)')", "url LIKE '%%utm_campaign=%%'"),
    ),
    "browsers": DashboardQuestion({"measures": "visitors", "dimensions": "browser"}, _by(_BROWSER)),
    "systems": DashboardQuestion(
        {"measures": "visitors", "dimensions": "system"}, _by(r"substring(user_agent from '\(([A-Za-z]+)')")
    ),
    "devices": DashboardQuestion({"measures": "visitors", "dimensions": "device"}, _by(_DEVICE)),
    "countries": DashboardQuestion({"measures": "visitors", "dimensions": "country"}, _by("timezone")),
}
FILTERED = {
    "totals, three filters": DashboardQuestion(
        {"measures": "visitors,page_views,sessions,duration,bounce_rate", "filters": _THREE},
        _TOTALS.format(filters=f"AND {_FILTERS}"),
    ),
    "pages, three filters": DashboardQuestion(
        {"measures": "page_views,visitors", "dimensions": "page", "filters": _THREE},
        f"SELECT {_PAGE}, count(*), count(DISTINCT {_VISITOR}) FROM {_HITS} AND {_FILTERS} {_TEN}",
    ),
    "sources, three filters": DashboardQuestion(
        {"measures": "visitors", "dimensions": "source", "filters": _THREE}, _by(_SOURCE, _FILTERS)
    ),
}
GOALS = ("page:/category-0/article-0", "page:/category-1/*", "event:event 3")
FUNNEL = ("page:/*", "page:/category-1/*", "event:event 3")
