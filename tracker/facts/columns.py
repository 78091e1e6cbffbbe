"""The columns of a fact, and the SQL that makes them from the rows of `access_logs`."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from tracker.facts.engine import quoted, text
from tracker.store.fact_rows import COLUMNS as ROW_COLUMNS
from tracker.store.fact_rows import NULL

_PLAIN_KEY: Final = re.compile(r"[a-z0-9_]{1,100}")
VISITOR: Final = """CASE WHEN client_sub_id IS NOT NULL THEN md5_number_lower(chr(1) || client_sub_id)
    ELSE md5_number_lower(chr(2) || coalesce(ip_address, '') || chr(2) || coalesce(chr(1) || user_agent, '')) END"""
"""Decision 0011's visitor in 64 bits: among 10,000,000 of them two are taken for one with a chance of 1 in 370,000."""
_WIDTH: Final = "try_cast(regexp_extract(screen_resolution, '^([0-9]{1,6})x[0-9]', 1) AS INTEGER)"
_COUNTRY: Final = "nullif(split_part(place, '/', 1), '')"
LONG_LINES: Final = "max_line_size=67108864, buffer_size=134217728"
FACTS: Final[dict[str, str]] = {
    "time": "make_timestamp(micros)",
    "visitor": VISITOR,
    "session": "CASE WHEN session_id IS NOT NULL THEN md5_number_lower(session_id) END",
    "is_view": "event_name IS NULL OR event_name IN ('page_view', 'pageview')",
    "event": "event_name",
    "host": "urls.host",
    "page": "urls.path",
    "referrer": "CASE WHEN is_internal THEN NULL ELSE referrers.page END",
    "source": "CASE WHEN is_internal THEN NULL ELSE coalesce(urls.source, referrers.source) END",
    "channel": """CASE WHEN urls.channel IS NOT NULL THEN urls.channel WHEN is_internal THEN 'internal'
        WHEN referrers.host IS NOT NULL THEN referrers.channel
        WHEN rows.referrer IS NULL OR rows.referrer = '' THEN 'direct' ELSE 'other' END""",
    "utm_source": "urls.utm_source",
    "utm_medium": "urls.utm_medium",
    "utm_campaign": "urls.utm_campaign",
    "utm_term": "urls.utm_term",
    "utm_content": "urls.utm_content",
    "click_id": "urls.click_id",
    "browser": "agents.browser",
    "browser_version": "agents.version",
    "system": "agents.system",
    "device": "agents.device",
    "country": f"coalesce({_COUNTRY}, addresses.country, zones.country)",
    "country_by": """CASE WHEN place IS NOT NULL OR addresses.country IS NOT NULL THEN 'address'
        WHEN zones.country IS NOT NULL THEN 'zone' END""",
    "region": "nullif(split_part(place, '/', 2), '')",
    "city": "nullif(split_part(place, '/', 3), '')",
    "language": "nullif(lower(split_part(replace(rows.language, '_', '-'), '-', 1)), '')",
    "screen": f"""CASE WHEN {_WIDTH} < 768 THEN 'small' WHEN {_WIDTH} < 1280 THEN 'medium'
        WHEN {_WIDTH} < 1920 THEN 'large' WHEN {_WIDTH} >= 1920 THEN 'very large' END""",
    "module": "module_id",
    "client": "client_sub_id",
    "status": "status",
}
"""By column: what it is, of the tables that `rows_of` and `tracker.facts.meaning` bring."""
_TYPES: Final = {
    "time": "TIMESTAMP",
    "visitor": "UBIGINT",
    "session": "UBIGINT",
    "is_view": "BOOLEAN",
    "status": "SMALLINT",
}
"""Those of columns that are not texts."""
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
MEANINGS: Final = {
    "urls": (
        *("host", "site", "path", "source", "channel"),
        *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "click_id"),
    ),
    "referrers": ("host", "page", "source", "channel"),
    "agents": ("browser", "version", "system", "device"),
    "zones": ("country",),
    "addresses": ("country",),
}
"""The tables of what different texts mean; each has the text as `value` too."""


def column_of(parameter: str) -> str:
    """Return the column of a custom parameter. DuckDB takes names in upper and lower case for the same."""
    return f"p_{parameter}" if _PLAIN_KEY.fullmatch(parameter) else f"px_{parameter.encode().hex()}"


def with_columns(table: str, names: Collection[str]) -> str:
    """Return what follows a FROM with these columns, whichever a table has: files are older than some of them.

    Of a file that was made before there was such a column, nobody knows its value.
    """
    unknown = ", ".join(f"CAST(NULL AS {_TYPES.get(name, 'VARCHAR')}) AS {quoted(name)}" for name in names)
    return f"(SELECT {unknown} WHERE false UNION ALL BY NAME FROM {table})"  # noqa: S608 our own names


def rows_of(csv: str) -> str:
    """Return the table of the rows in a file of CSV."""
    return f"read_csv({text(csv)}, {options_of(ROW_COLUMNS)}, {LONG_LINES})"


def meanings_of(csv: str, table: str) -> str:
    """Return the table of what texts mean, in a file of CSV."""
    return f"read_csv({text(csv)}, {options_of(dict.fromkeys(('value', *MEANINGS[table]), 'VARCHAR'))})"


def facts_of(domain: str | None, parameters: Sequence[str]) -> str:
    """Return the statement that makes facts from the table `rows` and those of MEANINGS."""
    of_site = f"OR referrers.host = {text(domain)} OR ends_with(referrers.host, {text('.' + domain)})" if domain else ""
    columns = [f"{sql} AS {quoted(name)}" for name, sql in FACTS.items()]
    for key in parameters:
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        columns.append(f"json_extract_string(parameters, {text(pointer)}) AS {quoted(column_of(key))}")
    return f"""
        SELECT {", ".join(columns)}
        FROM rows
        LEFT JOIN urls ON urls.value = rows.url
        LEFT JOIN referrers ON referrers.value = rows.referrer
        LEFT JOIN agents ON agents.value = rows.user_agent
        LEFT JOIN zones ON zones.value = rows.timezone
        LEFT JOIN addresses ON addresses.value = rows.ip_address,
        LATERAL (SELECT coalesce(referrers.host = urls.site {of_site}, false) AS is_internal)
    """  # noqa: S608 every value is quoted


def options_of(columns: Mapping[str, str]) -> str:
    """Return how the engine reads what PostgreSQL writes as CSV."""
    shape = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in columns.items())
    return (
        f"header=false, auto_detect=false, columns={{{shape}}}, delim=',', quote='\"', escape='\"', "
        f"nullstr={text(NULL)}, allow_quoted_nulls=false, parallel=false, strict_mode=true"
    )
