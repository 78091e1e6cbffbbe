"""Files with all columns of the hits of some hours, which are read back as the same rows, byte for byte."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from tracker.errors import FactsUnavailable
from tracker.facts.columns import LONG_LINES, options_of
from tracker.facts.day import Workspace
from tracker.facts.engine import Cursor, text
from tracker.facts.folder import HITS, Folder, checksum_of, writing
from tracker.facts.make import hour_of
from tracker.store import archived_hits, archived_rows
from tracker.store.archived_hits import HitsFile
from tracker.store.database import Transaction
from tracker.store.facts_marks import FactsDay

MAX_CSV: Final = 64_000_000
"""Bytes of rows after which a file has enough."""
_CSV: Final = "(FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR 'NULL', QUOTE '\"', ESCAPE '\"')"
"""As PostgreSQL writes it with FORCE_QUOTE and NULL 'NULL', so that checksums of both are the same."""
_TIME: Final = "strftime(created_at, '%Y-%m-%d %H:%M:%S.%f') || '+00' AS created_at"


def write_rows(tx: Transaction, space: Workspace, day: FactsDay, first_hour: int, cursor: Cursor) -> HitsFile:
    """Write a file of the hits from an hour of a day on, until it is large enough or the day is over.

    What is written is read again and compared with the rows. Raises FactsUnavailable.
    """
    csv, hour = space.work / "hits.csv", first_hour
    columns = archived_rows.columns(tx)
    digest = hashlib.blake2b(digest_size=16)
    with writing(space.work), csv.open("wb") as file:
        while True:
            start = hour_of(day[1], hour)
            for block in archived_rows.archive_out(tx, day[0], start, start + timedelta(hours=1), columns):
                digest.update(block)
                file.write(block)
            if hour == 23 or file.tell() >= MAX_CSV:  # noqa: PLR2004 the last hour of a day
                break
            hour += 1
    source = f"read_csv({text(str(csv))}, {options_of(archived_rows.shape_of(columns))}, {LONG_LINES})"
    rows = f"SELECT * REPLACE (CAST(left(created_at, 26) AS TIMESTAMP) AS created_at) FROM {source}"  # noqa: S608
    return put(space, cursor, rows, day=day, hours=(first_hour, hour), expected=digest.hexdigest())


def put(
    space: Workspace, cursor: Cursor, rows: str, *, day: FactsDay, hours: tuple[int, int], expected: str | None = None
) -> HitsFile:
    """Publish the rows of a query as a file. Raises FactsUnavailable where it does not hold what is expected."""
    made = space.work / "hits.made"
    cursor.run(f"COPY ({rows} ORDER BY created_at, id) TO {text(str(made))} (FORMAT parquet, COMPRESSION zstd)")
    rows_checksum = checksum_of(to_csv(cursor, made, space.work / "again.csv"))
    if expected is not None and rows_checksum != expected:
        raise FactsUnavailable(f"Hits of {day[1]} are not the same when they are read from the file of the archive.")
    [(hits,)] = cursor.rows(f"SELECT count(*) FROM {parquet([made])}")  # noqa: S608 a path of our own
    name = f"{HITS}/application={day[0]}/date={day[1]}/{hours[0]:02}-{hours[1]:02}-{secrets.token_hex(8)}.parquet"
    published = space.folder.publish(made, name, has_visits=False)
    return HitsFile(
        application_id=day[0],
        date=day[1],
        first_hour=hours[0],
        last_hour=hours[1],
        name=name,
        hits=int(hits),
        bytes=published.bytes,
        checksum=published.checksum,
        rows_checksum=rows_checksum,
    )


def to_csv(cursor: Cursor, file: Path, csv: Path) -> Path:
    """Write the rows of a file as PostgreSQL writes them."""
    cursor.run(f"COPY (SELECT * REPLACE ({_TIME}) FROM {parquet([file])} ORDER BY file.created_at, id) TO {_to(csv)}")  # noqa: S608
    return csv


def to_tables(cursor: Cursor, file: Path, work: Path) -> tuple[Path, Path]:
    """Write the rows of a file as the two tables take them: hits, and their parameter values."""
    hits, values = work / "hits.csv", work / "values.csv"
    source = parquet([file])
    cursor.run(f"COPY (SELECT * EXCLUDE (parameters) REPLACE ({_TIME}) FROM {source}) TO {_to(hits)}")  # noqa: S608
    rows = f"SELECT *, unnest(from_json(parameters, '[[\"VARCHAR\"]]')) AS given FROM {source}"  # noqa: S608
    given = f"SELECT given[1], id, application_id, given[2], given[3], {_TIME} FROM ({rows})"  # noqa: S608
    cursor.run(f"COPY ({given}) TO {_to(values)}")
    return hits, values


def check(space: Workspace, file: HitsFile) -> None:
    """Raise FactsUnavailable where a file is not as it was written."""
    if not space.folder.holds(file.name, file.bytes, file.checksum, has_visits=False):
        raise FactsUnavailable(
            f"The archived hits of {file.date} are damaged or gone: bring {file.name} back from a backup of the folder."
        )


def columns_of(cursor: Cursor, file: Path) -> tuple[str, ...]:
    """Return the columns of hits that a file has: those of the table when it was written."""
    shape = cursor.rows(f"DESCRIBE SELECT * EXCLUDE (parameters) FROM {parquet([file])}")  # noqa: S608 a path of our own
    return tuple(row[0] for row in shape)


def rows_checksum(tx: Transaction, file: HitsFile, columns: Sequence[str]) -> str:
    """Return the checksum of these columns of the rows that PostgreSQL has of the hours of a file."""
    digest = hashlib.blake2b(digest_size=16)
    start, end = hour_of(file.date, file.first_hour), hour_of(file.date, file.last_hour) + timedelta(hours=1)
    for block in archived_rows.archive_out(tx, file.application_id, start, end, columns):
        digest.update(block)
    return digest.hexdigest()


def remove_replaced(folder: Folder, tx: Transaction, *, limit: int) -> int:
    """Remove files from the disk that were taken out of the archive; how many."""
    files = archived_hits.replaced(tx, limit=limit)
    for _, name in files:
        folder.remove(name)
    archived_hits.delete(tx, [number for number, _ in files])
    return len(files)


def parquet(files: Iterable[Path]) -> str:
    """Return the table of some files, named `file`."""
    paths = ", ".join(text(str(file)) for file in files)
    return f"read_parquet([{paths}], hive_partitioning=false) AS file"


def _to(csv: Path) -> str:
    return f"{text(str(csv))} {_CSV}"
