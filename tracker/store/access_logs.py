"""`access_logs`: one row a hit, stored once however often it is delivered (decision 0007)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Final
from uuid import UUID

import msgspec
import orjson
from psycopg import errors
from psycopg.rows import kwargs_row
from psycopg.sql import SQL

from tracker.errors import TrackerError
from tracker.hit import Hit
from tracker.store import hit_columns
from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, sql

HitIdentity = tuple[int, datetime]
"""The primary key: a hit's `id` and `created_at`."""


_IDS: Final = ("id", "application_id")
_JSON_COLUMNS: Final = ("event_data", "custom_params")
_TEXTS: Final = tuple(name for name in hit_columns.NAMES if name not in {*_IDS, *_JSON_COLUMNS, "created_at"})
_COPY: Final = SQL("COPY access_logs ({}) FROM STDIN").format(
    hit_columns.writing((*_IDS, *_TEXTS, "created_at", *_JSON_COLUMNS))
)


class AlreadyStored(TrackerError):
    """One of the hits is in access_logs already: roll back, and add with `insert_new` what is missing."""


def copy(tx: Transaction, hits: Sequence[Hit]) -> None:
    """Add hits by COPY. Raises AlreadyStored where one is there; the transaction is then good for nothing more."""
    if not hits:
        return
    try:
        texts = attrgetter(*_TEXTS)
        # Texts of ours for ids and times: psycopg makes the same in three times as long.
        application_id, application = None, ""
        created_at, time = None, ""
        with tx.cursor() as cursor, cursor.copy(_COPY) as stream:
            for hit in hits:
                if hit.application_id is not application_id and hit.application_id != application_id:
                    application_id, application = hit.application_id, str(hit.application_id)
                if hit.created_at != created_at:
                    created_at, time = hit.created_at, orjson.dumps(hit.created_at)[1:-1].decode()
                objects = _json(hit.event_data), _json(hit.custom_params)
                stream.write_row((hit.id, application, *texts(hit), time, *objects))
    except errors.UniqueViolation as error:
        raise AlreadyStored("a hit of this batch is stored already") from error


def insert_new(tx: Transaction, hits: Iterable[Hit]) -> set[HitIdentity]:
    """Add the hits that are not there yet; the identities of these."""
    rows = b"[%b]" % b",".join([hit.encode() for hit in hits])
    added = tx.execute(sql("access_logs/insert_new"), {"hits": rows.decode()}).fetchall()
    return {(row[0], row[1]) for row in added}


def existing(tx: Transaction, identities: Sequence[HitIdentity]) -> set[HitIdentity]:
    """Return those of the identities that are stored."""
    if not identities:
        return set()
    times = [identity[1] for identity in identities]
    parameters = {
        "ids": [identity[0] for identity in identities],
        "times": times,
        "first": min(times),
        "last": max(times),
    }
    return {(row[0], row[1]) for row in tx.execute(sql("access_logs/existing"), parameters).fetchall()}


def known(tx: Transaction, application_id: UUID, ids: Sequence[int], *, first: datetime, last: datetime) -> list[Hit]:
    """Return an application's hits that are stored under these ids and between these times."""
    params = {"application_id": application_id, "ids": list(ids), "first": first, "last": last}
    return _hits(tx, "access_logs/known", params)


def days_between(tx: Transaction, start: datetime, end: datetime) -> dict[tuple[UUID, date], int]:
    """Return how many hits each application has on each day (UTC) of a time."""
    rows = fetch_all(tx, "access_logs/days_between", {"start": start, "end": end})
    return {(row["application_id"], row["date"]): row["hits"] for row in rows}


def expired(
    tx: Transaction, application_id: UUID, app_id: str, *, start: datetime, end: datetime, limit: int
) -> list[HitIdentity]:
    """Some of an application's hits from `start` on and before `end`; none where none is left."""
    params = {"application_id": application_id, "app_id": app_id, "start": start, "end": end, "limit": limit}
    return [(row["id"], row["created_at"]) for row in fetch_all(tx, "access_logs/expired", params)]


def delete(tx: Transaction, identities: Sequence[HitIdentity]) -> int:
    """Delete hits whose parameter values are gone already; how many there were."""
    return execute(tx, "access_logs/delete", within(identities))


def within(identities: Sequence[HitIdentity]) -> dict[str, object]:
    """Return what the statements that delete hits and their values ask for."""
    return {
        "hits": orjson.dumps([{"id": identity[0], "created_at": identity[1]} for identity in identities]).decode(),
        "first": min(identity[1] for identity in identities),
        "last": max(identity[1] for identity in identities),
    }


def _json(value: object) -> str | None:
    """Return it as `Hit.encode` would write it: a whole number beyond 64 bits, too, which orjson does not."""
    return None if value is None else msgspec.json.encode(value).decode()


def find(tx: Transaction, hit_id: int, created_at: datetime) -> Hit | None:
    """Return the stored hit, or None where it is not there."""
    hits = _hits(tx, "access_logs/find", {"id": hit_id, "created_at": created_at})
    return hits[0] if hits else None


def of_session(tx: Transaction, *, app_id: str, session_id: str, since: datetime, limit: int = 100) -> list[Hit]:
    """Return the session's latest hits since a time, at most `limit`, the oldest of them first."""
    params = {"app_id": app_id, "session_id": session_id, "since": since, "limit": limit}
    return _hits(tx, "access_logs/of_session", params)[::-1]


def _hits(tx: Transaction, statement: str, params: Mapping[str, object]) -> list[Hit]:
    with tx.cursor(row_factory=kwargs_row(Hit)) as cursor:
        return cursor.execute(hit_columns.of_whole_hits(statement), params).fetchall()
