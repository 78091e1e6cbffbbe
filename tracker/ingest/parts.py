"""Parting a batch, so that no transaction is so large, or refused so often, that others wait for it; pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeVar
from uuid import UUID

from tracker.ingest.application_lookup import Known
from tracker.ingest.check import Failed, Good, Read

Item = Good | Failed
"""A hit that has been checked."""
Part = Sequence[Item]
Unchecked = Sequence[Read | Item]

T = TypeVar("T", Read | Good | Failed, Good | Failed)

MAX_PART_BYTES = 1024 * 1024
"""What one transaction writes, about: a few tenths of a second of work for PostgreSQL at most. A hundred ordinary hits
with a dozen parameters are below."""
_VALUE_BYTES = 768
"""What a row of `custom_parameter_values` costs beside its text, in terms of a hit's bytes: the row, its three indexes
and its share of the statistics."""


def parts_of(batch: Unchecked, known: Mapping[str, Known | None]) -> Sequence[Unchecked]:
    """Return the batch in parts of about at most MAX_PART_BYTES or one hit; `known` holds the hits' applications.

    The applications that bring least are in the first one, and not with the beginning of what fills several.
    """
    weights = {id(item): _weight(item, known) for item in batch}
    if sum(weights.values()) <= MAX_PART_BYTES:
        return [batch] if batch else []
    groups = [(sum(weights[id(item)] for item in group), group) for group in _groups(batch)]
    parts: list[list[Read | Item]] = [[]]
    room = MAX_PART_BYTES
    for weight_of_group, group in sorted(groups, key=_first):
        fits = weight_of_group <= room
        for number, item in enumerate(group):
            weight = weights[id(item)]
            if parts[-1] and (weight > room or (number == 0 and not fits)):
                parts.append([])
                room = MAX_PART_BYTES
            parts[-1].append(item)
            room -= weight
    return parts


def halves(part: Part) -> tuple[Part, Part]:
    """Return a part of two items or more that was refused, as two: first what is less likely to be refused again.

    Where one application brings half of it or more, the others come first; else it is cut between applications, and
    between the hits of one where there is only one.
    """
    *smaller, largest = sorted(_groups(part), key=len)
    if not smaller:
        middle = len(part) // 2
        return part[:middle], part[middle:]
    if len(largest) * 2 >= len(part):
        return _flat(smaller), largest
    middle = (len(smaller) + 1) // 2
    return _flat(smaller[:middle]), _flat([*smaller[middle:], largest])


def _weight(item: Read | Item, known: Mapping[str, Known | None]) -> int:
    """Return about how many bytes a hit comes to with the rows of its parameters, before these have been checked."""
    weight = len(item.claim.entry.tracking_data)
    known_application = None if isinstance(item, Failed) else known.get(item.hit.app_id)
    if known_application is not None and not isinstance(item, Failed):
        rows = min(len(known_application.rules), len(item.hit.custom_params or ()) + known_application.defaults)
        weight += rows * _VALUE_BYTES + known_application.default_bytes
    return weight


def _groups(part: Sequence[T]) -> list[list[T]]:
    """Return the items by application, in their order; all in one group where two applications name the same session.

    Whoever's hit is written first has the session (decision 0008), which must not depend on how a batch was parted.
    """
    groups: dict[UUID | None, list[T]] = {}
    applications: dict[str, UUID] = {}
    for item in part:
        application = None
        if not isinstance(item, Failed):
            application = item.hit.application_id
            session = item.hit.session_id
            if session is not None and applications.setdefault(session, application) != application:
                return [list(part)]
        groups.setdefault(application, []).append(item)
    return list(groups.values())


def _first(pair: tuple[int, object]) -> int:
    return pair[0]


def _flat(groups: Iterable[Iterable[Item]]) -> list[Item]:
    return list(chain.from_iterable(groups))
