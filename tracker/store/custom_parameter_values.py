"""`custom_parameter_values` (specification 2.3): one row for each defined parameter of a hit (ruling 5)."""

from collections.abc import Iterable, Sequence

import orjson

from tracker.hit import Hit
from tracker.store.copy_text import field
from tracker.store.database import Transaction
from tracker.store.queries import execute, sql

HitValues = tuple[Hit, Sequence[tuple[str, str]]]
"""A hit and its defined parameters: each a key, and the value as text (`tracker.parameter_rules.text_of`)."""


def copy(tx: Transaction, hits: Iterable[HitValues]) -> None:
    """Add values of hits that this transaction has added, by COPY."""
    lines: list[str] = []
    for hit, values in hits:
        if values:
            head, tail = f"{hit.id}\t{hit.application_id}\t", f"\t{hit.created_at.isoformat()}\n"
            lines += [f"{head}{field(key)}\t{field(text)}{tail}" for key, text in values]
    if lines:
        with tx.cursor() as cursor, cursor.copy(sql("custom_parameter_values/copy")) as stream:
            stream.write("".join(lines).encode())


def insert(tx: Transaction, hits: Iterable[HitValues]) -> None:
    """Add values of hits that this transaction has added, without COPY."""
    rows = [
        {
            "access_log_id": hit.id,
            "application_id": hit.application_id,
            "parameter_key": key,
            "parameter_value": text,
            "created_at": hit.created_at,
        }
        for hit, values in hits
        for key, text in values
    ]
    if rows:
        execute(tx, "custom_parameter_values/insert", {"values": orjson.dumps(rows).decode()})
