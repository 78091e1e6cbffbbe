"""What the different texts of some rows mean: each is read once, and the answers are joined to the rows."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tracker.facts.agent import agent_of
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

Cell = str | None


def write_meanings(
    cursor: Cursor, work: Path, belonging: frozenset[str], country_of: Callable[[str], str | None]
) -> dict[str, Path]:
    """Write a file of CSV for each table, of the texts in the table `rows`."""
    readers: dict[str, Callable[[str], Sequence[Cell]]] = {
        "urls": lambda url: _url(url, belonging),
        "referrers": _referrer,
        "agents": agent_of,
        "zones": lambda zone: (country_of_zone(zone),),
        "addresses": lambda address: (country_of(address),),
    }
    written = {}
    for table, column in _TEXTS.items():
        texts = cursor.rows(f"SELECT DISTINCT {column} FROM rows WHERE {column} IS NOT NULL")  # noqa: S608 our own names
        written[table] = work / f"{table}.csv"
        _write(written[table], ((value, *readers[table](value)) for (value,) in texts))
    return written


def _url(url: str, belonging: frozenset[str]) -> Sequence[Cell]:
    page = page_of(url, belonging)
    return page.host, page.path, *page.campaign


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
