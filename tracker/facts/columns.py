"""The columns of a fact, and the SQL that makes them from the rows of `access_logs`."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from tracker.facts.engine import quoted, text
from tracker.store.fact_rows import COLUMNS as ROW_COLUMNS
from tracker.store.fact_rows import NULL

_PLAIN_KEY: Final = re.compile(r"[a-z0-9_]{1,100}")


def number_of(value: str) -> str:
    """Return 64 bits of the MD5 of a text, as an expression of SQL.

    The engine's `md5_number_lower`, which finds the same by way of a text of 128 bits, takes five times as long.
    """
    return f"CAST(md5_number({value}) >> 64 AS UBIGINT)"


_CLIENT: Final = number_of("chr(1) || client_sub_id")
_ADDRESS: Final = number_of("chr(2) || coalesce(ip_address, '') || chr(2) || coalesce(chr(1) || user_agent, '')")
VISITOR: Final = f"CASE WHEN client_sub_id IS NOT NULL THEN {_CLIENT} ELSE {_ADDRESS} END"
"""Decision 0011's visitor in 64 bits: among 10,000,000 of them two are taken for one with a chance of 1 in 370,000."""
LONG_LINES: Final = "max_line_size=67108864, buffer_size=134217728"
FACTS: Final[dict[str, str]] = {
    "time": "hits.time",
    "visitor": "hits.visitor",
    "session": "hits.session",
    "is_view": "events.event IS NULL OR events.event IN ('page_view', 'pageview')",
    "event": "events.event",
    "host": "urls.host",
    "page": "urls.page",
    "referrer": "CASE WHEN is_internal THEN NULL ELSE referrers.referrer END",
    "source": "CASE WHEN is_internal THEN NULL ELSE coalesce(urls.source, referrers.source) END",
    "channel": """CASE WHEN urls.channel IS NOT NULL THEN urls.channel WHEN is_internal THEN 'internal'
        WHEN referrers.site IS NOT NULL THEN referrers.channel
        WHEN referrers.value IS NULL OR referrers.value = '' THEN 'direct' ELSE 'other' END""",
    "utm_source": "urls.utm_source",
    "utm_medium": "urls.utm_medium",
    "utm_campaign": "urls.utm_campaign",
    "utm_term": "urls.utm_term",
    "utm_content": "urls.utm_content",
    "click_id": "urls.click_id",
    "browser": "agents.browser",
    "browser_version": "agents.browser_version",
    "system": "agents.system",
    "device": "agents.device",
    "country": "coalesce(places.country, addresses.country, zones.country)",
    "country_by": """CASE WHEN places.value IS NOT NULL OR addresses.country IS NOT NULL THEN 'address'
        WHEN zones.country IS NOT NULL THEN 'zone' END""",
    "region": "places.region",
    "city": "places.city",
    "language": "languages.language",
    "screen": "screens.screen",
    "module": "modules.module",
    "client": "hits.client",
    "status": "hits.status",
}
"""By column: what it is, of the tables that `tracker.facts.meaning` makes."""
_TYPES: Final = {
    "time": "TIMESTAMP",
    "visitor": "UBIGINT",
    "session": "UBIGINT",
    "is_view": "BOOLEAN",
    "status": "SMALLINT",
}
"""Those of columns that are not texts."""
_NEEDED: Final = ("time", "visitor", "session", "is_view", "page", "channel", "country", "device", "browser", "system")
LEFT_OUT: Final = tuple(name for name in FACTS if name not in _NEEDED)
"""What facts of many hits are made without where no hit has a value. Visits are found, and ordered, by the others."""
PLACES: Final = ("country", "country_by", "region", "city")
VISITOR_DIMENSIONS: Final = (
    *("host", "browser", "browser_version", "system", "device"),
    *("country", "country_by", "language", "screen"),
)
"""What mostly stays the same through a visit."""
VISIT_SOURCES: Final = (
    *("channel", "source", "referrer"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "click_id"),
)
"""What the first hit of a visit mostly tells, and the others do not."""


def column_of(parameter: str) -> str:
    """Return the column of a custom parameter. DuckDB takes names in upper and lower case for the same."""
    return f"p_{parameter}" if _PLAIN_KEY.fullmatch(parameter) else f"px_{parameter.encode().hex()}"


def with_columns(table: str, names: Collection[str]) -> str:
    """Return what follows a FROM with these columns, whichever a table has: files are older than some of them.

    Of a file that was made before there was such a column, nobody knows its value.
    """
    return f"(SELECT {empty(names)} WHERE false UNION ALL BY NAME FROM {table})"  # noqa: S608 our own names


def empty(names: Iterable[str]) -> str:
    """Return these columns of a SELECT, without a value."""
    return ", ".join(f"CAST(NULL AS {_TYPES.get(name, 'VARCHAR')}) AS {quoted(name)}" for name in names)


def rows_of(csv: str, *, by: str = "") -> str:
    """Return the table of the rows in a file of CSV; where a number goes before those of COLUMNS, `by` is its name."""
    columns = {by: "INTEGER", **ROW_COLUMNS} if by else ROW_COLUMNS
    return f"read_csv({text(csv)}, {options_of(columns)}, {LONG_LINES})"


def facts_of(
    hits: str, domain: str | None, parameters: Sequence[str], *, by: str = "", lacking: Collection[str] = ()
) -> str:
    """Return the statement that makes facts; `hits` is what follows its FROM, with the tables that FACTS names.

    `domain` is an expression of SQL. Facts of several applications keep the column `by`. Those of LEFT_OUT that are
    `lacking` are left out.
    """
    of_site = f"OR referrers.site = {domain} OR ends_with(referrers.site, '.' || {domain})" if domain else ""
    columns = [f"hits.{by}"] if by else []
    columns += [f"{sql} AS {quoted(name)}" for name, sql in FACTS.items() if name not in lacking]
    columns += [f"given[{at}] AS {quoted(column_of(key))}" for at, key in enumerate(parameters, start=1)]
    # Read once for all of them: an extraction for each parses the object again, and keeps what it took for that.
    pointers = ", ".join(text("/" + key.replace("~", "~0").replace("/", "~1")) for key in parameters)
    given = f", LATERAL (SELECT json_extract_string(parameters, [{pointers}]) AS given)" if parameters else ""
    return f"""
        SELECT {", ".join(columns)}
        FROM {hits},
        LATERAL (SELECT coalesce(referrers.site = urls.site {of_site}, false) AS is_internal){given}
    """  # noqa: S608 every value is quoted


def options_of(columns: Mapping[str, str]) -> str:
    """Return how the engine reads what PostgreSQL writes as CSV."""
    shape = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in columns.items())
    return (
        f"header=false, auto_detect=false, columns={{{shape}}}, delim=',', quote='\"', escape='\"', "
        # The engine would take the first carriage return for it, within a text too.
        "new_line='\\n', "
        f"nullstr={text(NULL)}, allow_quoted_nulls=false, parallel=false, strict_mode=true"
    )
