"""What the different texts of a day's rows mean: each is read once, and the answers are joined to the rows."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tracker.facts.agent import agent_of
from tracker.facts.columns import MEANINGS, meanings_of
from tracker.facts.engine import Cursor
from tracker.facts.page import page_of, referrer_of
from tracker.facts.place import country_of_zone
from tracker.facts.source import source_of
from tracker.store.fact_rows import NULL

_TEXTS: Final = {
    "urls": "url",
    "referrers": "referrer",
    "agents": "user_agent",
    "zones": "timezone",
    "addresses": "ip_address",
}
"""By table: the column of the rows that it explains."""

_MAX_KNOWN: Final = 50_000
"""Texts of a kind that are kept for the rows that follow; with more of them most are new anyway."""

Cell = str | None


def begin_meanings(cursor: Cursor) -> None:
    """Make the tables, in which nothing is explained yet."""
    for table in MEANINGS:
        _begin(cursor, table)


def _begin(cursor: Cursor, table: str) -> None:
    columns = ", ".join(f"{name} VARCHAR" for name in ("value", *MEANINGS[table]))
    cursor.run(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")


def add_meanings(
    cursor: Cursor, work: Path, belonging: frozenset[str], country_of: Callable[[str], str | None]
) -> None:
    """Explain the texts in the table `rows` that are not explained yet; a file of CSV brings them to the engine."""
    readers: dict[str, Callable[[str], Sequence[Cell]]] = {
        "urls": lambda url: _url(url, belonging),
        "referrers": _referrer,
        "agents": agent_of,
        "zones": lambda zone: (country_of_zone(zone),),
        "addresses": lambda address: (country_of(address),),
    }
    for table, column in _TEXTS.items():
        [(count,)] = cursor.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 our own names
        if count > _MAX_KNOWN:
            _begin(cursor, table)
        texts = cursor.rows(
            f"SELECT DISTINCT {column} FROM rows ANTI JOIN {table} ON {column} = value WHERE {column} IS NOT NULL"  # noqa: S608
        )
        if texts:
            path = work / f"{table}.csv"
            _write(path, ((value, *readers[table](value)) for (value,) in texts))
            cursor.run(f"INSERT INTO {table} FROM {meanings_of(str(path), table)}")


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
