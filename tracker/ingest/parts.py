"""Parting a batch, so that no transaction is so large, or refused so often, that others wait for it; pure."""

from collections.abc import Iterable, Sequence
from itertools import chain
from uuid import UUID

from tracker.ingest.check import Good
from tracker.ingest.read import Failed

Item = Good | Failed
Part = Sequence[Item]

MAX_PART_BYTES = 1024 * 1024
"""What one transaction writes, about: a few tenths of a second of work for PostgreSQL at most. A hundred ordinary hits
with a dozen parameters are below."""
_VALUE_BYTES = 768
"""What a row of `custom_parameter_values` costs beside its text, in terms of a hit's bytes: the row, its three indexes
and its share of the statistics."""


def parts_of(batch: Part) -> Sequence[Part]:
    """The batch in parts of at most MAX_PART_BYTES or one hit.

    The applications that bring least are in the first one, and not with the beginning of what fills several.
    """
    if sum(map(_weight, batch)) <= MAX_PART_BYTES:
        return [batch] if batch else []
    parts: list[list[Item]] = [[]]
    room = MAX_PART_BYTES
    for weight_of_group, group in sorted(((sum(map(_weight, each)), each) for each in _groups(batch)), key=_first):
        fits = weight_of_group <= room
        for number, item in enumerate(group):
            weight = _weight(item)
            if parts[-1] and (weight > room or (number == 0 and not fits)):
                parts.append([])
                room = MAX_PART_BYTES
            parts[-1].append(item)
            room -= weight
    return parts


def halves(part: Part) -> tuple[Part, Part]:
    """A part of two items or more that was refused, as two: first what is less likely to be refused again.

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


def _weight(item: Item) -> int:
    weight = len(item.claim.entry.tracking_data)
    if isinstance(item, Good):
        weight += sum(_VALUE_BYTES + len(text or "") for _, text in item.values)
    return weight


def _groups(part: Part) -> Sequence[Part]:
    """The items by application, in their order; all in one group where two applications name the same session.

    Whoever's hit is written first has the session (decision 0008), which must not depend on how a batch was parted.
    """
    groups: dict[UUID | None, list[Item]] = {}
    applications: dict[str, UUID] = {}
    for item in part:
        application = None
        if isinstance(item, Good):
            application = item.hit.application_id
            session = item.hit.session_id
            if session is not None and applications.setdefault(session, application) != application:
                return [part]
        groups.setdefault(application, []).append(item)
    return list(groups.values())


def _first(pair: tuple[int, Part]) -> int:
    return pair[0]


def _flat(groups: Iterable[Iterable[Item]]) -> list[Item]:
    return list(chain.from_iterable(groups))
