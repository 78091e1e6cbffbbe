"""`access_logs` read page by page, in the order of `created_at` and `id`, which never change."""

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tracker.application import ApplicationIdentity
from tracker.hit import EPOCH
from tracker.store.database import Transaction
from tracker.store.queries import sql

HitPosition = tuple[datetime, int]
"""`created_at` and `id` of a hit: where a page ended."""


SEPARATOR: Final = b"\x1f"
"""What stands between the values of a JSON object: a control character, which JSON has not, and texts hardly ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which hits of an application; None takes all. `custom_params` is the text of a JSON object that they contain."""

    application: ApplicationIdentity
    custom_params: str | None = None
    event_name: str | None = None
    session_id: str | None = None
    client_sub_id: str | None = None
    with_params: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Hits in the order of their places, each a line of PostgreSQL's. More follow where it is full or cut off."""

    lines: list[bytes]
    """CSV, or the values of a JSON object with SEPARATOR between them, without the end of the line."""
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
    after: HitPosition | None,
    limit: int,
    max_bytes: int,
) -> Page:
    """Read the first hits from `start` until before `end` that come after a place, at least one where there is one.

    They end with `limit`, or with the hit that makes them `max_bytes` long: what comes behind it is not kept.
    """
    params = {
        "application_id": wanted.application.id,
        "app_id": wanted.application.app_id,
        "custom_params": wanted.custom_params,
        "event_name": wanted.event_name,
        "session_id": wanted.session_id,
        "client_sub_id": wanted.client_sub_id,
        "with_params": wanted.with_params,
        "start": start,
        "end": end,
        "after": after and after[0],
        "after_id": after and after[1],
        "limit": limit,
        "separator": SEPARATOR.decode(),
        "escape": "\\",
    }
    statement = {"csv": "access_logs/page_csv", "jsonl": "access_logs/page_jsonl"}[format_]
    lines: list[bytes] = []
    size = left = 0
    last: bytes | bytearray | memoryview | None = None
    with tx.cursor() as cursor, cursor.copy(sql(statement), params) as rows:
        for row in rows:  # PostgreSQL sends a message a row.
            if size < max_bytes:
                lines.append(bytes(row[_PLACE:-1]))
                size += len(row)
                last = row
            else:
                left += 1
    if not wanted.with_params:
        lines = [line.removesuffix(_NO_PARAMS[format_]) for line in lines]
    return Page(
        lines,
        None if last is None else _position(bytes(last[: _PLACE - 1])),
        is_full=len(lines) == limit,
        is_cut_off=left > 0,
    )


_PLACE: Final = 33
"""Digits of a place, and the separator behind it."""
_NO_PARAMS: Final = {"csv": b",", "jsonl": SEPARATOR + b"null"}
"""How a line ends that has none of them."""


def _position(place: bytes) -> HitPosition:
    hit_id, micros = struct.unpack(">qq", bytes.fromhex(place.decode()))
    return EPOCH + timedelta(microseconds=micros), hit_id
