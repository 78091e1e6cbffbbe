"""Bounding how many different values of a parameter a day's statistics tell apart.

A visitor can send a new value with every hit, and each would have rows and index entries of its own. Above the
application's `max_different_values` the hit keeps its value in `custom_params`, as it was sent; its row in
`custom_parameter_values` has none, and the statistics count it under `other`. The decision stands in that row, so that
a recount finds it again: docs/decisions/0086-a-day-tells-so-many-values-apart.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from tracker.errors import QueueFull
from tracker.ingest.application_lookup import Known
from tracker.ingest.check import Good
from tracker.ingest.parts import Item
from tracker.log import logger
from tracker.queueing.connection import Connection
from tracker.queueing.value_sets import ValueSet, admit

MAX_LONG_VALUES: Final = 100
"""Different values of more than LONG_VALUE_BYTES that a day tells apart: texts, not names of anything."""
LONG_VALUE_BYTES: Final = 255
REASON: Final = "too_many_values"
_MAX_REMEMBERED = 50_000

_log = logger(__name__)

ValueOffer = tuple[ValueSet, str]
Value = tuple[str, str | None]
"""Key and text of a parameter, as a hit has them."""


class Variety:
    """Knows which values this drain has seen admitted, and asks Redis about the others, once a batch."""

    def __init__(self, redis: Connection) -> None:
        self._redis = redis
        self._admitted: dict[tuple[UUID, date], set[Value]] = {}
        self._remembered = 0
        self._is_memory_short = False

    def bound(self, batch: Sequence[Item], known: Mapping[str, Known | None]) -> list[Item]:
        """Return the batch, in which values beyond what a day tells apart have become None. Raises QueueUnavailable.

        An import is bounded by whoever runs it, and is left as it is.
        """
        offers = {
            offer: limit
            for item, admitted in self._with_admitted(batch)
            for offer, limit in _offers(item, known, admitted)
        }
        refused = self._refused(offers)
        if not refused:
            return list(batch)
        return [_without(item, refused, known) if isinstance(item, Good) else item for item in batch]

    def _with_admitted(self, batch: Sequence[Item]) -> Iterator[tuple[Good, AbstractSet[Value]]]:
        """List the hits of which values are bounded, each with those known to be admitted on its day.

        Hits of one application follow each other, and are nearly all of one day: it is looked up once for them.
        """
        application_id, day = None, None
        admitted: AbstractSet[Value] = frozenset()
        for item in batch:
            if isinstance(item, Good) and item.values and not item.claim.entry.is_imported:
                hit = item.hit
                if hit.application_id is not application_id or hit.utc_time.date() != day:
                    application_id, day = hit.application_id, hit.utc_time.date()
                    admitted = self._admitted.get((application_id, day), frozenset())
                yield item, admitted

    def _refused(self, offers: Mapping[ValueOffer, int]) -> AbstractSet[ValueOffer]:
        """Return those of the offers, with what their sets may hold, that Redis does not admit."""
        if not offers:
            return frozenset()
        sets: dict[ValueSet, tuple[int, list[str]]] = {}
        for (value_set, text), limit in offers.items():
            sets.setdefault(value_set, (limit, []))[1].append(text)
        try:
            admitted = admit(self._redis, sets)
        except QueueFull as error:
            # The queue must be worked off for Redis to have memory again; meanwhile all values count.
            if not self._is_memory_short:
                _log.warning("different values are not bounded", reason=str(error))
            self._is_memory_short = True
            return frozenset()
        self._is_memory_short = False
        if self._remembered + len(admitted) > _MAX_REMEMBERED:
            self._admitted, self._remembered = {}, 0
        self._remembered += len(admitted)
        for value_set, text in admitted:
            day = value_set.application_id, value_set.date
            self._admitted.setdefault(day, set()).add((value_set.parameter_key, text))
        return offers.keys() - admitted


def _offers(
    item: Good, known: Mapping[str, Known | None], admitted: AbstractSet[Value] = frozenset()
) -> Iterator[tuple[ValueOffer, int]]:
    """List the values of a hit that are bounded and not admitted, each with how many of its kind a day tells apart."""
    known_application = known[item.hit.app_id]
    assert known_application is not None
    for value in item.values:
        if value not in admitted:
            key, text = value
            if text is not None and key in known_application.open_keys:
                offer = _offer(item, key, text)
                yield offer, MAX_LONG_VALUES if offer[0].is_long else known_application.max_different_values


def _offer(item: Good, key: str, text: str) -> ValueOffer:
    is_long = len(text) > LONG_VALUE_BYTES or len(text.encode()) > LONG_VALUE_BYTES
    return ValueSet(item.hit.application_id, item.hit.utc_time.date(), key, is_long), text


def _without(item: Good, refused: AbstractSet[ValueOffer], known: Mapping[str, Known | None]) -> Good:
    if item.claim.entry.is_imported:
        return item
    of_hit = [offer for offer, _ in _offers(item, known) if offer in refused]
    if not of_hit:
        return item
    keys = {value_set.parameter_key for value_set, _ in of_hit}
    return replace(
        item,
        values=[(key, None if key in keys else text) for key, text in item.values],
        refusals=[*item.refusals, *((key, REASON) for key in sorted(keys))],
    )
