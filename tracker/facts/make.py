"""The facts of some hours: from the rows of `access_logs` to a file that readers find."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from tracker.facts.columns import FACTS, LEFT_OUT, PLACES, column_of, empty, rows_of, with_columns
from tracker.facts.engine import Cursor, quoted, text
from tracker.facts.folder import writing
from tracker.facts.meaning import (
    add_hits,
    add_meanings,
    are_too_many,
    begin_hits,
    begin_meanings,
    find_senders,
    make_facts,
    make_facts_of_rows,
)
from tracker.facts.recipe import recipe_of
from tracker.facts.visits import FileSpan, beside, numbered, numbers_of, parts_of, with_numbers
from tracker.privacy.places import Places
from tracker.store import fact_rows
from tracker.store.database import Transaction
from tracker.store.facts_marks import FactsDay

_MAX_CSV: Final = 64_000_000
"""Bytes of rows that are read at once: the engine has them all in its memory."""
_FEW_BYTES: Final = 10_000_000
"""Bytes of rows, some 30,000: fewer are made facts of as they are."""
_WRITTEN_AT_ONCE: Final = 1_000_000
"""Bytes of rows: they come by some 8,000, each of which would be a call of the system."""
_MAX_HITS: Final = 600_000
"""Hits whose facts stay in memory."""
_WIDE_BYTES: Final = 8_000
"""Of an average row: the engine takes 2,048 of them at a time, whatever they weigh."""


class Made:
    """The facts of some hours, as they are made one after the other: the view `facts` of a cursor.

    It is over a table; where they are many over files, since they would fill the memory that sorting them needs.
    """

    def __init__(self, tx: Transaction, cursor: Cursor, work: Path, day: FactsDay, places: Places) -> None:
        self._tx = tx
        self._cursor = cursor
        self._work = work
        self._day = day
        self._places = places
        self._csv = work / "rows.csv"
        self._files: list[Path] = []
        self._has_hits = False
        self._are_wide = False
        self._columns: set[str] = set()
        self.recipe = recipe_of(tx, day[0])
        self._csv.unlink(missing_ok=True)
        for left in work.glob("facts-*.made"):
            left.unlink()
        begin_meanings(cursor)

    def add(self, hour: int, minutes: int) -> None:
        """Add the facts of some minutes (as bits) of an hour."""
        begin = hour_of(self._day[1], hour)
        blocks = fact_rows.copy_out(self._tx, self._day[0], begin, minutes, self.recipe.parameters)
        ended = False
        while not ended:
            with writing(self._work), self._csv.open("ab", buffering=_WRITTEN_AT_ONCE) as file:
                while file.tell() < _MAX_CSV and not (ended := (block := next(blocks, None)) is None):
                    file.write(block)
                size = file.tell()
            # PostgreSQL waits anew from here on: a long day's reading takes nothing of the engine's time.
            self._cursor.renew()
            if size >= _MAX_CSV:
                self._add_hits(size)

    def finish(self) -> None:
        """Make facts of the rest."""
        cursor, recipe = self._cursor, self.recipe
        size = self._csv.stat().st_size if self._csv.exists() else 0
        if not self._has_hits and size < _FEW_BYTES:
            self._read()
            self._explain("rows")
            make_facts_of_rows(cursor, "made", recipe.site, recipe.parameters)
            cursor.run("DROP TABLE rows")
        else:
            if size:
                self._add_hits(size)
            make_facts(cursor, "made", recipe.site, recipe.parameters)
        if self._files:
            self._put_aside()
        else:
            self._note_columns()
        facts = f"read_parquet({list_of(self._files)}, union_by_name=true)" if self._files else "made"
        cursor.run(f"CREATE OR REPLACE TEMP VIEW facts AS FROM {facts}")

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the columns that the facts were made without, as no hit has a value. Files have them all the same."""
        names = (*LEFT_OUT, *map(column_of, self.recipe.parameters))
        return tuple(name for name in names if name not in self._columns)

    def _note_columns(self) -> None:
        self._columns.update(name for name, *_ in self._cursor.rows("DESCRIBE made"))

    def _read(self) -> None:
        """Take the rows that came so far into the engine."""
        self._csv.touch()
        self._cursor.run(f"CREATE OR REPLACE TEMP TABLE rows AS FROM {rows_of(str(self._csv))}")
        self._csv.unlink()

    def _explain(self, senders: str) -> None:
        """Explain the texts of the rows that came so far; `senders` is the table of those that many hits share."""
        country_of = self.recipe.country_of(self._places)
        with writing(self._work):
            add_meanings(self._cursor, self._work, self.recipe.belonging, country_of, senders=senders)

    def _add_hits(self, size: int) -> None:
        """Add the rows that came so far, of so many bytes, to the hits.

        Where these are many, or rows are wide, their facts are put aside before.
        """
        cursor, recipe = self._cursor, self.recipe
        if not self._has_hits:
            begin_hits(cursor)
            self._has_hits = True
        elif self._are_wide or are_too_many(cursor, hits=_MAX_HITS):
            make_facts(cursor, "made", recipe.site, recipe.parameters)
            self._put_aside()
            begin_meanings(cursor)
            begin_hits(cursor)
        self._read()
        [(count,)] = cursor.rows("SELECT count(*) FROM rows")
        self._are_wide = size > _WIDE_BYTES * count
        find_senders(cursor)
        self._explain("senders")
        add_hits(cursor)
        cursor.run("DROP TABLE rows")

    def _put_aside(self) -> None:
        """Put the facts that were made into a file."""
        self._note_columns()
        self._files.append(self._work / f"facts-{len(self._files)}.made")
        write(self._cursor, "FROM made", self._files[-1], compression="snappy")
        self._cursor.run("DROP TABLE made")


def join(
    cursor: Cursor,
    hours: Mapping[int, int],
    old: Sequence[Path],
    made: Path,
    span: FileSpan,
    *,
    lacking: Collection[str] = (),
) -> int:
    """Write what lies in a span of the facts that were made, and of files that were made before; how many there are.

    `hours` are the minutes (as bits), by hour, that were made anew: of the old ones they are left out. Beside the file
    comes the one of its visits. `lacking` are columns that the facts were made without.
    """
    sources = []
    if hours:
        # Facts of old files have these columns: those beside them get them before all are put in order.
        names = f"SELECT *, {empty(lacking)} " if old and lacking else ""
        sources.append(f"{names}FROM facts WHERE {span.within}")
    if old:
        gone = [f"(hour(time) = {hour} AND ({minutes} >> minute(time)) & 1 = 1)" for hour, minutes in hours.items()]
        left = f" AND NOT ({' OR '.join(gone)})" if gone else ""
        sources.append(f"FROM {facts_in(old)} WHERE {span.within}{left}")
    query = " UNION ALL BY NAME ".join(f"({source})" for source in sources)
    if old:
        write(cursor, numbered(query, span), made)
        write(cursor, parts_of(facts_in([made]), span), beside(made))
    else:
        # From what is in memory, not from the file: there texts are numbers.
        cursor.run(f"CREATE OR REPLACE TEMP TABLE numbers AS {numbers_of(query, span)}")
        write(cursor, numbered(query, span, numbers="numbers", lacking=lacking), made)
        write(cursor, parts_of(with_numbers(query, "numbers"), span, lacking=lacking), beside(made))
    [(count,)] = cursor.rows(f"SELECT count(*) FROM read_parquet({list_of([made])})")  # noqa: S608 a path of our own
    return int(count)


def without(cursor: Cursor, left: str, made: Path, span: FileSpan) -> int:
    """Write what is left of a file, as `FROM ... WHERE ...`, and its visits; how many facts these are."""
    write(cursor, numbered(f"FROM {left}", span), made)
    write(cursor, parts_of(facts_in([made]), span), beside(made))
    [(count,)] = cursor.rows(f"SELECT count(*) FROM read_parquet({list_of([made])})")  # noqa: S608 a path of our own
    return int(count)


def write(cursor: Cursor, query: str, file: Path, *, compression: str = "zstd", by: str = "") -> None:
    """Write what a query returns into a file; with `by` into a folder, a file for each value of that column."""
    how = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION {compression}{by and f', PARTITION_BY ({by})'}"
    cursor.run(f"COPY ({query}) TO {text(str(file))} ({how})")


def differences(cursor: Cursor, files: Sequence[Path]) -> tuple[int, int]:
    """Return how many facts these files lack of those that were made, and how many they have beside them."""
    # A newer database says otherwise of some.
    columns = ", ".join(quoted(name) for name in FACTS if name not in PLACES)
    made = f"SELECT {columns} FROM {with_columns('facts', FACTS)}"  # noqa: S608 our own names
    stored = f"SELECT {columns} FROM {facts_in(files)}" if files else f"{made} WHERE false"  # noqa: S608
    return _compared(cursor, made, stored)


def has_other_visits(cursor: Cursor, file: Path, span: FileSpan) -> bool:
    """Return whether the file of visits beside a file of facts says something else than these."""
    made = parts_of(facts_in([file]), span)
    visits = f"read_parquet({list_of([beside(file)])}, hive_partitioning=false)"
    return _compared(cursor, made, f"FROM {visits}") != (0, 0)


def _compared(cursor: Cursor, ours: str, theirs: str) -> tuple[int, int]:
    """Return how many rows of one query the other one lacks, and how many it has beside them."""
    [(missing, surplus)] = cursor.rows(
        f"""
        SELECT coalesce(sum(left_over) FILTER (left_over > 0), 0), coalesce(-sum(left_over) FILTER (left_over < 0), 0)
        FROM (
            SELECT * EXCLUDE (counts), sum(counts) AS left_over
            FROM (SELECT *, 1 AS counts FROM ({ours}) UNION ALL BY NAME SELECT *, -1 AS counts FROM ({theirs}))
            GROUP BY ALL
        )
        """  # noqa: S608 our own names
    )
    return int(missing), int(surplus)


def facts_in(files: Sequence[Path], *, options: str = "") -> str:
    """Return the facts of files, which may have been made before there was every column."""
    source = f"read_parquet({list_of(files)}, union_by_name=true, hive_partitioning=false{options})"
    return with_columns(source, FACTS)


def hour_of(day: date, hour: int) -> datetime:
    """Return when an hour of a day (UTC) begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def list_of(paths: Sequence[Path]) -> str:
    """Return paths as a literal."""
    return f"[{', '.join(text(str(path)) for path in paths)}]"
