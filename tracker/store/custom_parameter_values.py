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
            "id": hit.id,
            "application_id": hit.application_id,
            "created_at": hit.created_at,
            "first_id": _first_id(hit.id),
            "values": dict(values),
        }
        for hit, values in hits
        if values
    ]
    if rows:
        execute(tx, "custom_parameter_values/add", {"hits": orjson.dumps(rows).decode()})


def _first_id(hit_id: int) -> str:
    """Return the digits with which the ids of a hit's values begin: a UUID version 8 without its last twelve."""
    return f"{hit_id >> 15:012x}8{hit_id >> 3 & 0xFFF:03x}{0x8000 | hit_id & 7:04x}"


def delete_of_hits(tx: Transaction, identities: Sequence[HitIdentity]) -> int:
    """Delete the values of some hits, before these are deleted themselves; how many there were."""
    return execute(tx, "custom_parameter_values/delete_of_hits", within(identities))
