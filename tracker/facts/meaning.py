"""What the texts of rows mean: each different one is read once, and rows become narrow: numbers in the place of texts.

The table `hits` has, in a column by each table's name, the number that a text has there. When all rows are read, what
texts mean becomes ENUM: joined, grouped, sorted and packed as numbers, and written as the texts that they are.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tracker.facts.agent import agent_of
from tracker.facts.columns import FACTS, LEFT_OUT, VISITOR, facts_of, number_of, options_of
from tracker.facts.engine import Cursor, text
from tracker.facts.page import page_of, referrer_of
from tracker.facts.place import country_of_zone
from tracker.facts.source import source_of
from tracker.store.fact_rows import NULL

MAX_KNOWN: Final = 50_000
"""Texts of a kind that are kept for the rows that follow; with more of them most are new anyway."""
_MEANINGS: Final = {
    "urls": (
        *("host", "site", "page", "source", "channel"),
        *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "click_id"),
    ),
    "referrers": ("site", "referrer", "source", "channel"),
    "agents": ("browser", "browser_version", "system", "device"),
    "zones": ("country",),
    "addresses": ("country",),
}
"""The tables of what texts mean, and their columns; each has the text as `value` and its number as `id` too."""
_WIDTH: Final = "try_cast(regexp_extract({value}, '^([0-9]{{1,6}})x[0-9]', 1) AS INTEGER)"
_EXPLAINED: Final = {
    "events": {"event": "{value}"},
    "modules": {"module": "{value}"},
    "languages": {"language": "nullif(lower(split_part(replace({value}, '_', '-'), '-', 1)), '')"},
    "screens": {
        "screen": f"""CASE WHEN {_WIDTH} < 768 THEN 'small' WHEN {_WIDTH} < 1280 THEN 'medium'
            WHEN {_WIDTH} < 1920 THEN 'large' WHEN {_WIDTH} >= 1920 THEN 'very large' END"""
    },
    "places": {
        name: f"nullif(split_part({{value}}, '/', {number}), '')"
        for number, name in enumerate(("country", "region", "city"), start=1)
    },
}
"""The same of texts that the engine explains by itself: how, where the text is `{value}`."""
_TABLES: Final = {name: tuple(columns) for name, columns in (*_MEANINGS.items(), *_EXPLAINED.items())}
_TEXTS: Final = {
    "urls": "url",
    "referrers": "referrer",
    "agents": "user_agent",
    "zones": "timezone",
    "addresses": "ip_address",
    "events": "event_name",
    "modules": "module_id",
    "languages": "language",
    "screens": "screen_resolution",
    "places": "place",
}
"""By table: the column of the rows that it explains."""
_OF_SENDER: Final = (
    *("client_sub_id", "ip_address", "user_agent"),
    *("language", "screen_resolution", "timezone", "place"),
)
"""The columns that are the same in nearly all hits of one sender (a browser, a client)."""
_SESSION: Final = f"CASE WHEN session_id IS NOT NULL THEN {number_of('session_id')} END"
_UNEXPLAINED: Final = {"channel": ["internal", "direct", "other"], "country_by": ["address", "zone"]}
"""By column: values that no text means."""

Cell = str | None


def begin_meanings(cursor: Cursor) -> None:
    """Make the tables of what texts mean, in which nothing is explained yet."""
    _begin(cursor, _MEANINGS)


def begin_hits(cursor: Cursor) -> None:
    """Make the table `hits`, and those that only it needs."""
    _begin(cursor, _EXPLAINED)
    numbers = ", ".join(f"{table} INTEGER" for table in _TABLES)
    cursor.run(
        f"""CREATE OR REPLACE TEMP TABLE hits (time TIMESTAMP, visitor UBIGINT, session UBIGINT, {numbers},
            client VARCHAR, status SMALLINT, parameters VARCHAR)"""
    )


def _begin(cursor: Cursor, tables: Iterable[str]) -> None:
    for table in tables:
        columns = ", ".join(f"{name} VARCHAR" for name in ("value", *_TABLES[table]))
        cursor.run(f"CREATE OR REPLACE TEMP TABLE {table} (id INTEGER, {columns})")


def are_too_many(cursor: Cursor, *, hits: int) -> bool:
    """Return whether so many hits were added, or so many texts are known that those of other rows are mostly new."""
    # Joined by UNION, since a plan of as many subqueries takes 20 ms.
    counts = " UNION ALL ".join(f"SELECT count(*) AS count FROM {table}" for table in _TABLES)  # noqa: S608
    [(count,)] = cursor.rows(f"SELECT max(count) FROM ({counts})")  # noqa: S608 our own names
    [(added,)] = cursor.rows("SELECT count(*) FROM hits")
    return int(count) > MAX_KNOWN or int(added) >= hits


def add_meanings(
    cursor: Cursor,
    work: Path,
    belonging: frozenset[str],
    country_of: Callable[[str], str | None] | None,
    *,
    senders: str = "rows",
) -> None:
    """Explain the texts in the table `rows` that are not explained yet; a file of CSV brings them to the engine.

    `senders` is the table in which to look for those that hits of a sender have in common. Addresses, of which there
    are many, stay unexplained where nothing tells their country.
    """
    readers: dict[str, Callable[[str], Sequence[Cell]]] = {
        "urls": lambda url: _url(url, belonging),
        "referrers": _referrer,
        "agents": agent_of,
        "zones": lambda zone: (country_of_zone(zone),),
    }
    if country_of is not None:
        readers["addresses"] = lambda address: (country_of(address),)
    for table, read in readers.items():
        texts = cursor.rows(_new_texts(table, senders))
        if texts:
            path = work / f"{table}.csv"
            _write(path, ((value, *read(value)) for (value,) in texts))
            shape = options_of(dict.fromkeys(("value", *_MEANINGS[table]), "VARCHAR"))
            _add(cursor, table, f"SELECT * FROM read_csv({text(str(path))}, {shape})")  # noqa: S608 a path of our own


def find_senders(cursor: Cursor) -> None:
    """Make the table `senders` of the table `rows`: a fifth of the rows or fewer, whose texts are read and joined."""
    cursor.run(f"CREATE OR REPLACE TEMP TABLE senders AS SELECT DISTINCT {', '.join(_OF_SENDER)} FROM rows")  # noqa: S608


def add_hits(cursor: Cursor) -> None:
    """Add what stands in the tables `rows` and `senders`, whose texts are explained, to `hits`."""
    for table in _EXPLAINED:
        columns = ", ".join(_explained(table, "value").values())
        _add(cursor, table, f"SELECT value, {columns} FROM ({_new_texts(table, 'senders')})")  # noqa: S608
    joined = {
        table: f"LEFT JOIN {table} ON {table}.value = {_source_of(table, 'senders')}.{column}"
        for table, column in _TEXTS.items()
    }
    of_senders = [table for table in _TABLES if _source_of(table, "senders") == "senders"]
    numbers = ", ".join(f"sent.{table}" if table in of_senders else f"{table}.id" for table in _TABLES)
    same = " AND ".join(f"sent.{name} IS NOT DISTINCT FROM rows.{name}" for name in _OF_SENDER)
    # The hash of a visitor takes longer than all that is joined.
    cursor.run(
        f"""
        INSERT INTO hits
        SELECT make_timestamp(micros), visitor, {_SESSION}, {numbers}, rows.client_sub_id, status, parameters
        FROM rows {" ".join(join for table, join in joined.items() if table not in of_senders)} LEFT JOIN (
            SELECT senders.*, {VISITOR} AS visitor, {", ".join(f"{table}.id AS {table}" for table in of_senders)}
            FROM senders {" ".join(joined[table] for table in of_senders)}
        ) AS sent ON {same}
        """  # noqa: S608 our own names
    )
    cursor.run("DROP TABLE senders")


def _explained(table: str, value: str) -> dict[str, str]:
    """Return how the engine explains a text, by the name of the column; `value` is an expression of SQL."""
    return {name: sql.format(value=value) for name, sql in _EXPLAINED[table].items()}


def _source_of(table: str, senders: str) -> str:
    """Return where the texts stand that a table explains."""
    return senders if _TEXTS[table] in _OF_SENDER else "rows"


def _new_texts(table: str, senders: str) -> str:
    source, column = _source_of(table, senders), _TEXTS[table]
    return f"""SELECT DISTINCT {source}.{column} AS value
        FROM {source} ANTI JOIN {table} ON {source}.{column} = {table}.value
        WHERE {source}.{column} IS NOT NULL"""  # noqa: S608 our own names


def _add(cursor: Cursor, table: str, meanings: str) -> None:
    number = f"(SELECT count(*) FROM {table}) + row_number() OVER ()"  # noqa: S608 our own names
    cursor.run(f"INSERT INTO {table} SELECT {number}, * FROM ({meanings})")  # noqa: S608


def make_facts_of_rows(
    cursor: Cursor, table: str, domain: str | None, parameters: Sequence[str], *, by: str = ""
) -> None:
    """Make a table of facts from the table `rows`, whose texts are explained: where they are few, that is cheaper.

    `domain` is an expression of SQL. Where rows are of several applications, their column `by` says of which.
    """
    joined = " ".join(f"LEFT JOIN {table} ON {table}.value = hits.{_TEXTS[table]}" for table in _MEANINGS)
    # Structs, which are named as tables are: the engine makes its plan in half the time that it needs for subqueries.
    columns = {table: {"value": _TEXTS[table], **_explained(table, _TEXTS[table])} for table in _EXPLAINED}
    structs = ", ".join(
        f"{{{', '.join(f'{name}: {sql}' for name, sql in fields.items())}}} AS {table}"
        for table, fields in columns.items()
    )
    hits = f"""(SELECT *, make_timestamp(micros) AS time, {VISITOR} AS visitor, {_SESSION} AS session,
        client_sub_id AS client, {structs} FROM rows) AS hits {joined}"""  # noqa: S608 our own names
    cursor.run(f"CREATE OR REPLACE TEMP TABLE {table} AS {facts_of(hits, domain, parameters, by=by)}")


def make_facts(cursor: Cursor, table: str, domain: str | None, parameters: Sequence[str]) -> None:
    """Make a table of facts from all hits that were added; `domain` is an expression of SQL.

    It has no columns of LEFT_OUT, and of parameters, of which no hit has a value.
    """
    known = _known(cursor)
    lacking = [name for name in LEFT_OUT if name not in known]
    parameters = parameters if "parameters" in known else ()
    kinds = _make_kinds(cursor, lacking)
    hits = "hits " + " ".join(f"LEFT JOIN {table} ON {table}.id = hits.{table}" for table in _TABLES)
    typed = ", ".join(f"CAST({column} AS kind_of_{column}) AS {column}" for column in kinds)
    made = facts_of(hits, domain, parameters, lacking=lacking)
    cursor.run(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * REPLACE ({typed}) FROM ({made})")  # noqa: S608


def _known(cursor: Cursor) -> set[str]:
    """Return the columns of facts of which some text means something, and those of hits that some hit has."""
    known = {"country_by"}
    for table, columns in (*_TABLES.items(), ("hits", ("client", "status", "parameters"))):
        counts = ", ".join(f"count({column})" for column in columns)
        [row] = cursor.rows(f"SELECT {counts} FROM {table}")  # noqa: S608 our own names
        known.update(column for column, count in zip(columns, row, strict=True) if count)
    return known


def _make_kinds(cursor: Cursor, lacking: Collection[str]) -> Collection[str]:
    """Make what texts mean a type for each column of a fact, so that these are numbers; which columns they are."""
    kinds: dict[str, list[str]] = {}
    for name, columns in _TABLES.items():
        for column in columns:
            if column in FACTS and column not in lacking:
                kinds.setdefault(column, []).append(f"SELECT {column} AS value FROM {name}")  # noqa: S608
    for column, unexplained in _UNEXPLAINED.items():
        kinds.setdefault(column, []).append(f"SELECT unnest({unexplained}) AS value")
    for column, sources in kinds.items():
        # There is no type without a value. In the order of texts, so that it is theirs.
        values = " UNION ".join((*sources, "SELECT ''"))
        cursor.run(
            f"""CREATE OR REPLACE TEMP TYPE kind_of_{column} AS ENUM (
                SELECT value FROM ({values}) WHERE value IS NOT NULL ORDER BY value
            )"""  # noqa: S608 our own names
        )
    for name, columns in _TABLES.items():
        typed = ", ".join(f"CAST({column} AS kind_of_{column}) AS {column}" for column in columns if column in kinds)
        if typed:
            cursor.run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * REPLACE ({typed}) FROM {name}")  # noqa: S608
    return kinds


def _url(url: str, belonging: frozenset[str]) -> Sequence[Cell]:
    page = page_of(url, belonging)
    site = page.host.removeprefix("www.") if page.host else page.host
    return page.host, site, page.path, *page.campaign


def _referrer(referrer: str) -> Sequence[Cell]:
    host, page = referrer_of(referrer)
    name, channel = source_of(host) if host else (None, None)
    return host, page, name, channel


def _write(path: Path, rows: Iterator[tuple[Cell, ...]]) -> None:
    """Write rows as PostgreSQL writes CSV: a text in quotes, nothing without."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(",".join(map(_cell, row)) + "\n" for row in rows)


def _cell(value: Cell) -> str:
    return NULL if value is None else '"' + value.replace('"', '""') + '"'
