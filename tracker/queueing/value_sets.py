"""Which values of a parameter an application has had in a day, as far as its statistics tell values apart.

The first so many are admitted, and stay so for the day; others are not. A set holds digests of eight bytes and goes two
days after its first value. Who asks writes the answer down with the hit: a Redis that was wiped admits anew, and
changes nothing about what was stored.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.shards import shard_number, shards_of

_SECONDS = 2 * 86_400
_DIGEST_BYTES = 8


class ValueSet(NamedTuple):
    """The values of one parameter of an application in one day (UTC), the long ones apart from the others."""

    application_id: UUID
    date: date
    parameter_key: str
    is_long: bool

    @property
    def key(self) -> str:
        length = "long" if self.is_long else "short"
        return f"tracker:values:{self.application_id}:{self.date}:{length}:{self.parameter_key}"


def admit(redis: Connection, offered: Mapping[ValueSet, tuple[int, Sequence[str]]]) -> set[tuple[ValueSet, str]]:
    """Return those of the offered values that are admitted; each set comes with how many it may hold.

    One round trip a shard. Raises QueueUnavailable, QueueFull where Redis has no memory left.
    """
    shards = shards_of(redis)
    parts: list[dict[ValueSet, tuple[int, Sequence[str]]]] = [{} for _ in shards]
    for value_set, values in offered.items():
        parts[shard_number(value_set.application_id, len(shards))][value_set] = values
    admitted: set[tuple[ValueSet, str]] = set()
    for shard, part in zip(shards, parts, strict=True):
        if part:
            admitted |= _admit(shard, part)
    return admitted


def _admit(shard: Connection, offered: Mapping[ValueSet, tuple[int, Sequence[str]]]) -> set[tuple[ValueSet, str]]:
    args: list[Any] = [_SECONDS]
    for limit, texts in offered.values():
        args += (limit, len(texts), *map(_digest, texts))
    with translated():
        answers: Any = script(shard, "admit_values")(keys=[value_set.key for value_set in offered], args=args)
    pairs = ((value_set, text) for value_set, (_, texts) in offered.items() for text in texts)
    return {pair for pair, answer in zip(pairs, answers, strict=True) if answer}


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
