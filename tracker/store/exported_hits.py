"""`access_logs` read page by page, in the order of `created_at` and `id`, which never change."""

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final, Literal
from uuid import UUID

from psycopg.sql import SQL, Composed

from tracker.application import ApplicationIdentity
from tracker.hit import EPOCH, identity_of
from tracker.store import hit_columns
from tracker.store.copied_rows import copied_rows
from tracker.store.database import Transaction
from tracker.store.queries import sql

HitPosition = tuple[datetime, int]
"""`created_at` and `id` of a hit: where a page ended."""


SEPARATOR: Final = b"\x1f"
"""What stands between the values of a JSON object: a control character, which JSON has not, and texts hardly ever."""

JSON_FIELDS: Final = ("event_data", "custom_params")
_TEXTS: Final = tuple(
    name for name in hit_columns.NAMES if name not in {"id", "application_id", "created_at", "place", *JSON_FIELDS}
)
FIELDS: Final = ("tracking_id", "created_at", *_TEXTS, *JSON_FIELDS)
"""What an export says of a hit: the columns of `access_logs`, with the tracking id, which carries the `id`, in its
place, and without what is only there for reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which hits of an application; None takes all. `custom_params` is the text of a JSON object that they contain."""

    application: ApplicationIdentity
    custom_params: str | None = None
    event_name: str | None = None
    session_id: str | None = None
    client_sub_id: str | None = None
    with_params: bool = True


Write = Callable[[Sequence[bytes | memoryview]], bytes]
"""What makes the text of an export of hits as they come, each a line of PostgreSQL's with its end: CSV, or the values
of a JSON object with SEPARATOR between them. Their last value is for nobody else: the place of a hit without a tracking
id, which carries it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Hits in the order of their places, as they were written. More follow where the page is full or cut off."""

    text: bytes
    count: int
    size: int
    """Bytes that PostgreSQL has sent of them."""
    last: HitPosition | None
    is_full: bool
    """There are as many hits as were asked for."""
    is_cut_off: bool
    """There are fewer than were found, since they have as many bytes as were asked for."""


def page(
    tx: Transaction,
    wanted: ExportFilter,
    start: datetime,
    end: datetime,
    *,
    format_: Literal["csv", "jsonl"],
    write: Write,
    after: HitPosition | None,
    limit: int,
    max_bytes: int,
) -> Page:
    """Read the first hits from `start` until before `end` that come after a place, at least one where there is one.

    They end with `limit`, or with the hit that makes them `max_bytes` long: what comes behind it is not kept. They are
    written as they arrive, while PostgreSQL goes on.
    """
    params = {
        "application_id": wanted.application.id,
        "app_id": wanted.application.app_id,
        "custom_params": wanted.custom_params,
        "event_name": wanted.event_name,
        "session_id": wanted.session_id,
        "client_sub_id": wanted.client_sub_id,
        "start": start,
        "end": end,
        "after": after and after[0],
        "after_id": after and after[1],
        "limit": limit,
        "separator": SEPARATOR.decode(),
        "escape": "\\",
    }
    texts: list[bytes] = []
    count = size = left = 0
    last: memoryview | None = None
    with tx.cursor() as cursor, cursor.copy(_page(format_, wanted.with_params), params) as copy:
        for rows in copied_rows(copy):
            kept = _first(rows, max_bytes - size)
            left += len(rows) - len(kept)
            if kept:
                texts.append(write(kept))
                count += len(kept)
                size += sum(map(len, kept))
                last = kept[-1]
    return Page(
        b"".join(texts),
        count,
        size,
        None if last is None else _position(bytes(last)),
        is_full=count == limit,
        is_cut_off=left > 0,
    )


def _first(rows: list[memoryview], max_bytes: int) -> list[memoryview]:
    """Return the first of the rows, the last of which may make them so long or longer."""
    if sum(map(len, rows)) < max_bytes:
        return rows
    for number, row in enumerate(rows):
        if max_bytes <= 0:
            return rows[:number]
        max_bytes -= len(row)
    return rows


_PLACE: Final = re.compile(rb"[0-9a-f]{32}\n\Z")


def _position(row: bytes) -> HitPosition:
    if place := _PLACE.search(row):
        hit_id, micros = struct.unpack(">qq", bytes.fromhex(place[0].decode()))
        return EPOCH + timedelta(microseconds=micros), hit_id
    hit_id, created_at = identity_of(UUID(row.lstrip(b'"')[:36].decode()))
    return created_at, hit_id


@cache
def _page(format_: Literal["csv", "jsonl"], with_params: bool) -> Composed:  # noqa: FBT001 as ExportFilter has it
    """Return the statement of a page. Of JSON, COPY quotes texts as JSON does: see tracker/reading/export_json.py."""
    columns = hit_columns.reading(FIELDS[2:] if with_params else FIELDS[2:-1])
    quoted = hit_columns.writing(FIELDS[: -len(JSON_FIELDS)])
    json = "DELIMITER %(separator)s, QUOTE '\"', ESCAPE %(escape)s, NULL 'null', FORCE_QUOTE ({})"
    options = SQL(json).format(quoted) if format_ == "jsonl" else SQL("NULL ''")
    return SQL(sql("access_logs/page")).format(columns=columns, options=options)
