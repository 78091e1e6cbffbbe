"""`access_logs` (specification 2.2): one row a hit, stored once however often it is delivered (ruling 7)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
from psycopg import errors

from tracker.errors import TrackerError
from tracker.hit import Hit
from tracker.store.copy_text import NULL, field, json_field
from tracker.store.database import Transaction
from tracker.store.queries import sql

Identity = tuple[int, datetime]
"""The primary key: a hit's `id` and `created_at`."""


class AlreadyStored(TrackerError):
    """One of the hits is in access_logs already: roll back, and add with `insert_new` what is missing."""


def copy(tx: Transaction, hits: Iterable[Hit]) -> None:
    """Add hits by COPY. Raises AlreadyStored where one is there; the transaction is then good for nothing more."""
    lines = "".join(map(_line, hits))
    if not lines:
        return
    try:
        with tx.cursor() as cursor, cursor.copy(sql("access_logs/copy")) as stream:
            stream.write(lines.encode())
    except errors.UniqueViolation as error:
        raise AlreadyStored("a hit of this batch is stored already") from error


def insert_new(tx: Transaction, hits: Iterable[Hit]) -> set[Identity]:
    """Add the hits that are not there yet; the identities of these."""
    rows = b"[%b]" % b",".join([hit.encode() for hit in hits])
    added = tx.execute(sql("access_logs/insert_new"), {"hits": rows.decode()}).fetchall()
    return {(row[0], row[1]) for row in added}


def existing(tx: Transaction, identities: Sequence[Identity]) -> set[Identity]:
    """Those of the identities that are stored."""
    parameters = {"ids": [identity[0] for identity in identities], "times": [identity[1] for identity in identities]}
    return {(row[0], row[1]) for row in tx.execute(sql("access_logs/existing"), parameters).fetchall()}


def _line(hit: Hit) -> str:
    return (
        f"{hit.id}\t{hit.application_id}\t{field(hit.app_id)}\t{field(hit.client_sub_id)}\t{field(hit.module_id)}\t"
        f"{field(hit.url)}\t{field(hit.referrer)}\t{field(hit.user_agent)}\t{field(hit.ip_address)}\t"
        f"{field(hit.session_id)}\t{field(hit.screen_resolution)}\t{field(hit.language)}\t{field(hit.timezone)}\t"
        f"{field(hit.event_name)}\t{_json(hit.event_data)}\t{_json(hit.custom_params)}\t{hit.created_at.isoformat()}\n"
    )


def _json(value: object) -> str:
    return NULL if value is None else json_field(orjson.dumps(value).decode())
