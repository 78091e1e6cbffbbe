"""Many small days made together: for a few hits the engine makes its plans longer than it makes facts.

What the files of several applications have in common (settings of facts and visits, the minutes that they are about)
makes a pass: each row, fact and visit has the number of its file in the column `unit`, and the engine writes a file for
each, with the custom parameters of its application alone. Whatever fails takes the whole batch back.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tracker.errors import FactsUnavailable
from tracker.facts.columns import FACTS, column_of, rows_of
from tracker.facts.day import Workspace, hour_now, put, span_between
from tracker.facts.engine import Cursor, quoted, text
from tracker.facts.folder import writing
from tracker.facts.make import facts_in, hour_of, write
from tracker.facts.meaning import add_meanings, begin_meanings, make_facts_of_rows
from tracker.facts.pieces import Group, grouped, share_minutes
from tracker.facts.recipe import Recipe, recipes_of
from tracker.facts.visits import ORDER, VISIT_COLUMNS, FileSpan, beside, numbered, numbers_of, parts_of, with_numbers
from tracker.store import archived_months, fact_rows, facts_files, facts_marks
from tracker.store.database import Database, Transaction
from tracker.store.facts_files import FactsFile
from tracker.store.facts_marks import FactsDay

DAYS: Final = 100
"""Of one batch: the engine keeps so many files open that it writes."""
HOURS: Final = 3
"""Of a small day: so many hours have marked minutes at most. None of their files is large enough to be cut."""
_SECONDS: Final = 55.0
_PASS_FACTS: Final = 100_000
"""Of the files before that one pass makes anew."""
_PASS_BYTES: Final = 5_000_000
"""Of rows, some 15,000: the first file that brings a pass beyond is its last."""
_FILE_BYTES: Final = 15_000_000
"""Of rows of one file."""
_PASS_PARAMETERS: Final = 100
"""Each is a column of the whole pass."""
_PUT_AT_ONCE: Final = 8
_BY: Final = "unit"


class DayNotSmall(FactsUnavailable):
    """A day is to be made alone: it turned out to be no small one."""

    def __init__(self, day: FactsDay) -> None:
        super().__init__("The facts of a day are to be made alone.")
        self.day = day


@dataclass(frozen=True, slots=True)
class _Unit:
    """A file to be made."""

    day: FactsDay
    group: Group
    recipe: Recipe

    @property
    def kept(self) -> FactsFile | None:
        """Return the file before, where some of its minutes are not made anew."""
        return None if self.group.is_whole else self.group.file

    @property
    def parameters(self) -> frozenset[str]:
        """Return the custom parameters that the file has columns for."""
        return frozenset((*self.recipe.parameters, *(self.kept.parameters if self.kept else ())))

    @property
    def span(self) -> FileSpan:
        return span_between(self.day[1], self.group.first, self.group.last, self.recipe)


def make_batch(database: Database, space: Workspace, days: Sequence[FactsDay], now: datetime) -> list[FactsDay]:
    """Make the marked minutes of days anew, but for those of which somebody else makes facts; which days these were.

    Raises DayNotSmall, FactsUnavailable, DatabaseUnavailable.
    """
    with database.transaction() as tx, space.engine.cursor(seconds=_SECONDS) as cursor:
        held = facts_marks.lock_free(tx, days)
        for units in _passes(_units(tx, held, now)):
            left = units
            while left:
                left = left[_make(tx, cursor, space, left) :]
    return held


def _units(tx: Transaction, days: Sequence[FactsDay], now: datetime) -> Iterator[_Unit]:
    """Take the marks of days; what is to be made then. Of archived months nothing is (`tracker.facts.day`)."""
    marks = facts_marks.take_of(tx, days)
    files = facts_files.of_each(tx, days)
    recipes = recipes_of(tx, {day[0] for day in days})
    archived = {date for date in {day[1] for day in days} if archived_months.is_dropped(tx, date)}
    for day, marked in marks.items():
        if day[1] not in archived:
            if share_minutes(files[day]):
                raise DayNotSmall(day)
            for group in grouped(files[day], marked, hour_now=hour_now(day[1], now)):
                if group.cut is not None:
                    raise DayNotSmall(day)
                yield _Unit(day, group, recipes[day[0]])


def _passes(units: Iterable[_Unit]) -> Iterator[list[_Unit]]:
    """Yield the units that are made together."""
    alike: dict[object, list[_Unit]] = {}
    for unit in units:
        alike.setdefault((unit.recipe.in_common, unit.span), []).append(unit)
    for of_kind in alike.values():
        together: list[_Unit] = []
        facts, parameters = 0, frozenset[str]()
        for unit in sorted(of_kind, key=lambda one: sorted(one.parameters)):
            facts += unit.kept.facts if unit.kept else 0
            parameters |= unit.parameters
            if together and (facts > _PASS_FACTS or len(parameters) > _PASS_PARAMETERS):
                yield together
                together, facts, parameters = [], unit.kept.facts if unit.kept else 0, unit.parameters
            together.append(unit)
        yield together


def _make(tx: Transaction, cursor: Cursor, space: Workspace, units: Sequence[_Unit]) -> int:
    """Make the files of a pass; of how many of the units, from the first one on."""
    span, made = units[0].span, space.work / "batch"
    shutil.rmtree(made, ignore_errors=True)
    with writing(space.work):
        made.mkdir()
    units = units[: _read(tx, cursor, space, units)]
    _join(cursor, space, units, span)
    cursor.run(f"CREATE OR REPLACE TEMP TABLE numbers AS {numbers_of('FROM joined', span, by=_BY)}")
    hits = _write_hits(cursor, units, span, made)
    write(cursor, parts_of(with_numbers("FROM joined", "numbers", by=_BY), span, by=_BY), made / "visits", by=_BY)
    counts: dict[int, int] = dict(cursor.rows(f"SELECT {_BY}, count(*) FROM joined GROUP BY ALL"))  # noqa: S608
    cursor.renew()
    facts_files.replace(tx, [unit.group.file.id for unit in units if unit.group.file is not None])

    def put_one(number: int) -> FactsFile:
        file = made / f"{number}.made"
        for folder, target in ((hits[number], file), (made / "visits", beside(file))):
            with writing(space.work):
                (folder / f"{_BY}={number}" / "data_0.parquet").rename(target)
        unit = units[number]
        return put(space.folder, file, day=unit.day, span=span, count=counts[number], parameters=unit.parameters)

    # A disk, or a bucket, takes several at once in the time of one.
    with ThreadPoolExecutor(_PUT_AT_ONCE, "facts") as threads:
        facts_files.insert(tx, list(threads.map(put_one, sorted(counts))))
    return len(units)


def _read(tx: Transaction, cursor: Cursor, space: Workspace, units: Sequence[_Unit]) -> int:
    """Make the table `made`: the facts of the rows of marked minutes; of how many of the units there was room for."""
    recipe, csv = units[0].recipe, space.work / "batch.csv"
    with writing(space.work), csv.open("wb") as file:
        read = 0
        while read < len(units) and file.tell() <= _PASS_BYTES:
            unit, begin_bytes, line = units[read], file.tell(), b'"%d",' % read
            for hour, minutes in unit.group.hours.items():
                begin = hour_of(unit.day[1], hour)
                for block in fact_rows.copy_out(tx, unit.day[0], begin, minutes, unit.recipe.parameters, first=line):
                    file.write(block)
                    if file.tell() - begin_bytes > _FILE_BYTES:
                        raise DayNotSmall(unit.day)
            read += 1
    cursor.renew()
    of_units = ", ".join(f"({number}, {unit.recipe.site or 'NULL'})" for number, unit in enumerate(units[:read]))
    cursor.run(
        f"""CREATE OR REPLACE TEMP TABLE rows AS SELECT rows.*, domain FROM {rows_of(str(csv), by=_BY)} AS rows
            JOIN (VALUES {of_units}) AS sites ({_BY}, domain) USING ({_BY})"""  # noqa: S608 every value is quoted
    )
    begin_meanings(cursor)
    with writing(space.work):
        add_meanings(cursor, space.work, recipe.belonging, recipe.country_of(space.places))
    parameters = sorted({key for unit in units[:read] for key in unit.recipe.parameters})
    make_facts_of_rows(cursor, "made", "hits.domain", parameters, by=_BY)
    return read


def _join(cursor: Cursor, space: Workspace, units: Sequence[_Unit], span: FileSpan) -> None:
    """Make the table `joined`: what was made, and what is left of the files before."""
    query = f"SELECT * FROM made WHERE {span.within}"  # noqa: S608 our own names
    old = {number: space.folder.local(unit.kept.name) for number, unit in enumerate(units) if unit.kept}
    if old:
        files = ", ".join(f"({number}, {text(str(path))})" for number, path in old.items())
        again = ", ".join(
            f"({number}, {hour}, {minutes})" for number in old for hour, minutes in units[number].group.hours.items()
        )
        others = ", ".join(map(text, ("filename", *VISIT_COLUMNS)))
        query += f"""
            UNION ALL BY NAME SELECT COLUMNS(lambda name: name NOT IN ({others})) FROM (
                SELECT old.*, files.{_BY} FROM {facts_in(list(old.values()), options=", filename=true")} AS old
                    JOIN (VALUES {files}) AS files ({_BY}, filename) USING (filename)
            ) AS old
            WHERE {span.within} AND NOT EXISTS (
                FROM (VALUES {again}) AS again ({_BY}, hour, minutes)
                WHERE again.{_BY} = old.{_BY} AND again.hour = hour(old.time) AND (minutes >> minute(old.time)) & 1 = 1
            )"""  # noqa: S608 every value is quoted
    cursor.run(f"CREATE OR REPLACE TEMP TABLE joined AS {query}")


def _write_hits(cursor: Cursor, units: Sequence[_Unit], span: FileSpan, made: Path) -> dict[int, Path]:
    """Write the hits of each unit, with the custom parameters of that one alone; in which folder, by its number."""
    alike: dict[tuple[str, ...], list[int]] = {}
    folders: dict[int, Path] = {}
    for number, unit in enumerate(units):
        keys = (*unit.recipe.parameters, *sorted(unit.parameters.difference(unit.recipe.parameters)))
        alike.setdefault(keys, []).append(number)
    cursor.run(f"CREATE OR REPLACE TEMP TABLE packed AS {numbered('FROM joined', span, numbers='numbers', by=_BY)}")
    for parameters, numbers in alike.items():
        columns = ", ".join(map(quoted, (_BY, *FACTS, *map(column_of, parameters), *VISIT_COLUMNS)))
        of_these = f"{_BY} IN ({', '.join(map(str, numbers))})"
        query = f"SELECT {columns} FROM packed WHERE {of_these} ORDER BY {_BY}, {ORDER}"  # noqa: S608 quoted
        folder = made / f"hits-{numbers[0]}"
        write(cursor, query, folder, by=_BY)
        folders.update(dict.fromkeys(numbers, folder))
    return folders
