"""`custom_parameter_values`: one row for each defined parameter of a hit (decision 0005)."""

from collections.abc import Iterable, Sequence

import orjson

from tracker.hit import Hit
from tracker.store.access_logs import HitIdentity, within
from tracker.store.database import Transaction
from tracker.store.queries import execute

HitValues = tuple[Hit, Sequence[tuple[str, str | None]]]
"""A hit and its defined parameters: each a key, and the value as text (`tracker.parameter_rules.text_of`).

None stands for a text beyond what a day tells apart."""


def add(tx: Transaction, hits: Iterable[HitValues]) -> None:
    """Add the values of hits that this transaction has added."""
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
        execute(tx, "custom_parameter_values/add", {"values": orjson.dumps(rows).decode()})


def delete_of_hits(tx: Transaction, identities: Sequence[HitIdentity]) -> int:
    """Delete the values of some hits, before these are deleted themselves; how many there were."""
    return execute(tx, "custom_parameter_values/delete_of_hits", within(identities))
