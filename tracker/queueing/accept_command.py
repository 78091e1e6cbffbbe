"""What is offered to the queue, and the command that does so: `scripts/accept.lua` with its keys and arguments, packed.

Most of an offer is the same for all hits of an application, or of a caller, within a minute; that is packed once.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

import hiredis
from msgspec import Struct

from tracker.application import Application
from tracker.errors import QueueFull
from tracker.hit import EPOCH
from tracker.queueing.entry import STREAMS, Entry, spelled_ids, spelled_time
from tracker.queueing.filtered import COUNTS, field_of
from tracker.queueing.hash_tags import tagged
from tracker.queueing.memory import CROWD_SHARE, MemoryUse
from tracker.queueing.overflow import OVERFLOWING, overflow_stream, share_key
from tracker.queueing.quota import DAY_SECONDS, MAX_SHARES, MINUTE_SECONDS, UNLIMITED, Quota
from tracker.queueing.wakeup import WAKE_UP_KEY

EVENT_SECONDS = 86_400
"""For so long an event is known; `accept.lua` has the same number."""
_NO_EVENT = "tracker:event:"
"""The key of an entry without an event: nothing stands there. An empty one would be refused to a user who may use only
the keys of this project."""
_MAX_PACKED: Final = 1024
_NO_ID: Final = UUID(int=0)
SHARED_STREAM_SHARE: Final = 100
"""Entries, of at most 4 KiB each, that an application may have waiting in the streams that all share: a batch."""


def event_key(application_id: UUID, event_id: UUID | str) -> str:
    """Return where Redis has the tracking id of the first hit with this event."""
    return f"tracker:event:{application_id}:{event_id}"


class Offer(Struct, frozen=True):
    """Entries of one application for the queue, as many as its limit a minute and the caller's `quota` allow.

    `event_ids` is empty or has one for each entry, or None; an id counts as a repeat for 24 hours. One that is not
    limited is held to no limit a minute.
    """

    application: Application
    entries: Sequence[Entry]
    now: datetime
    event_ids: Sequence[str | None] = ()
    quota: Quota = UNLIMITED
    is_limited: bool = True

    @property
    def rate_limit(self) -> int | None:
        """Hits a minute, of which 0 or less allows nothing; None where it is not limited."""
        return self.application.rate_limit_per_minute if self.is_limited else None


class _Common(NamedTuple):
    """What the offers of an application have in common within a minute, packed."""

    keys: bytes
    arguments: bytes
    crowds: tuple[dict[str, int], int]
    """What was known of the crowds when it was packed."""


class _Caller(NamedTuple):
    """What the offers of a caller have in common within a minute, packed."""

    quota: Quota
    arguments: bytes


class PackedOffer(Struct, frozen=True):
    """An offer, ready to be put into a command with others."""

    common: _Common
    event_keys: bytes
    arguments: bytes
    events: int
    entries: int
    rows: int
    """Of the columns that entries may have in common: one for all of them, or one for each."""


class AcceptCommands:
    """Packs the commands of one process. Thread-safe."""

    def __init__(self, script: str, queue_limit: int, tag: str | None = None) -> None:
        """`tag` is the hash tag of the shard, None where it is no cluster's."""
        self._queue_limit, self._tag = queue_limit, tag
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._evalsha = _bare("EVALSHA", digest)
        self._keys = self._names(*STREAMS, WAKE_UP_KEY, COUNTS, OVERFLOWING)
        self._no_event = tagged(_NO_EVENT, tag)
        self._limits = b""
        self.note_memory(MemoryUse())
        self._crowds: tuple[dict[str, int], int] = ({}, 0)
        self._common_parts: dict[tuple[UUID, int | None, int], _Common] = {}
        self._callers: dict[int, _Caller] = {}

    def note_memory(self, memory: MemoryUse) -> None:
        """Take note of how much memory hits have taken: what is refused for that is said by `packed_offer`.

        Applications with a crowd waiting are refused, or not any more.
        """
        self._memory = memory
        crowd_limit = 0 if memory.is_short_for_crowds else int(self._queue_limit * CROWD_SHARE)
        self._limits = _bare(self._queue_limit, crowd_limit, SHARED_STREAM_SHARE)

    def note_crowds(self, lengths: dict[str, int], elsewhere: int = 0) -> None:
        """Take note of how much waits in applications' own streams, and `elsewhere`, in other shards."""
        self._crowds = lengths, sum(lengths.values()) + elsewhere

    def packed_offer(self, offer: Offer) -> PackedOffer:
        """Pack an offer. Raises QueueFull where Redis has no memory left for it."""
        application, entries, now, quota = offer.application, offer.entries, offer.now, offer.quota
        memory = self._memory
        if memory.limit and (memory.is_full or (len(entries) > 1 and memory.is_short_for_bulk)):
            raise QueueFull(
                f"Redis has taken {memory.used} of the {memory.limit} bytes that hits may take "
                "(TRACKER_QUEUE_MAX_BYTES): let the workers catch up, or raise it and maxmemory."
            )
        # The script reads from the sign whether all of them are taken or none.
        offered = -len(entries) if quota.is_whole else len(entries)
        events = [
            tagged(event_key(application.id, event_id), self._tag) if event_id else self._no_event
            for event_id in offer.event_ids
        ]
        rows = _packed_rows(entries)
        parts = [_number(len(events)), self._caller(quota), _number(offered), _number(len(rows))]
        for id_, entry in zip(spelled_ids([entry.id for entry in entries]), entries, strict=True):
            data = entry.tracking_data
            # Pieces that are joined once: putting each entry together first would copy its data once more.
            parts += (b"$36\r\n", id_, b"\r\n$%d\r\n" % len(data), data, b"\r\n")
        return PackedOffer(
            self._common(application.id, offer.rate_limit, int(now.timestamp()) // MINUTE_SECONDS),
            _bare(*events) if events else b"",
            b"".join((*parts, *rows)),
            len(events),
            len(entries),
            len(rows),
        )

    def command(self, offers: Sequence[PackedOffer]) -> bytes:
        """Make the command of one offer or more, of which those of an application stand one behind the other."""
        keys, arguments = [self._keys], [self._limits]
        key_count, argument_count = _SHARED_KEYS, _LIMITS
        for _, of_application in groupby(offers, key=_id_of_common):
            together = list(of_application)
            common = together[0].common
            keys.append(common.keys)
            arguments += (_number(len(together)), common.arguments)
            key_count += _COMMON_KEYS
            argument_count += 1 + _COMMON_ARGUMENTS
            for offer in together:
                keys.append(offer.event_keys)
                arguments.append(offer.arguments)
                key_count += offer.events
                argument_count += _OFFER_ARGUMENTS + offer.entries * _FIRST_COLUMNS + offer.rows * _FURTHER_COLUMNS
        # Beside these: EVALSHA, the script's digest, the number of keys.
        head = b"*%d\r\n" % (3 + key_count + argument_count)
        return b"".join((head, self._evalsha, _number(key_count), *keys, *arguments))

    def _names(self, *keys: str) -> bytes:
        return _bare(*(tagged(key, self._tag) for key in keys))

    def _common(self, application_id: UUID, rate_limit: int | None, minute: int) -> _Common:
        """Return what is the same in all offers of an application within a minute, packed once and not for each hit."""
        state = application_id, rate_limit, minute
        all_crowds, common = self._crowds, self._common_parts.get(state)
        if common is not None and common.crowds is all_crowds:
            return common
        if len(self._common_parts) >= _MAX_PACKED:
            self._common_parts.clear()
        own_stream = overflow_stream(application_id)
        crowds, in_crowds = all_crowds
        keys = (
            f"tracker:usage:{application_id}:{minute}",
            f"tracker:bytes:{application_id}:{minute * MINUTE_SECONDS // DAY_SECONDS}",
            own_stream,
            share_key(application_id),
        )
        arguments = (
            -1 if rate_limit is None else max(0, rate_limit),
            in_crowds - crowds.get(own_stream, 0),
            field_of(application_id, "", datetime.fromtimestamp(minute * MINUTE_SECONDS, UTC)),
        )
        common = self._common_parts[state] = _Common(self._names(*keys), _bare(*arguments), all_crowds)
        return common

    def _caller(self, quota: Quota) -> bytes:
        """Return what is the same in all offers of a caller within a minute, packed once."""
        caller = self._callers.get(id(quota))
        # The quota itself is kept beside its id, so that no other object can have the same one meanwhile.
        if caller is not None and caller.quota is quota:
            return caller.arguments
        if len(self._callers) >= _MAX_PACKED:
            self._callers.clear()
        shares: list[str | int] = []
        for share in quota.shares[:MAX_SHARES]:
            shares += (share.bucket, share.hits)
        shares += ("", 0) * (MAX_SHARES - len(quota.shares))
        open_hits = -1 if quota.open_hits is None else quota.open_hits
        bytes_a_day = -1 if quota.bytes_a_day is None else quota.bytes_a_day
        arguments = _bare(open_hits, bytes_a_day, *shares)
        self._callers[id(quota)] = _Caller(quota, arguments)
        return arguments


_SHARED_KEYS: Final = 6
_LIMITS: Final = 3
_COMMON_KEYS: Final = 4
_COMMON_ARGUMENTS: Final = 3
_OFFER_ARGUMENTS: Final = 9
_FIRST_COLUMNS: Final = 2
_FURTHER_COLUMNS: Final = 8
"""How many keys and arguments each part of a command has: see the head of `accept.lua`."""


def _id_of_common(offer: PackedOffer) -> int:
    return id(offer.common)


def _packed_rows(entries: Sequence[Entry]) -> list[bytes]:
    """Pack what entries have beside their first two columns: once where it is the same for all, as in most batches."""
    if len(entries) > 1:
        further = list(map(_FURTHER, entries))
        if further.count(further[0]) < len(further):
            return [_packed_row(entry) for entry in entries]
    return [_packed_row(entry) for entry in entries[:1]]


_FURTHER: Final = itemgetter(slice(_FIRST_COLUMNS, None))


def _packed_row(entry: Entry) -> bytes:
    """Pack the last eight of `Entry.to_fields`, of which new hits differ in their times alone."""
    created_at = _packed_time(entry.created_at)
    updated_at = created_at if entry.updated_at is entry.created_at else _packed_time(entry.updated_at)
    return _packed_tries(*entry[4:]) + created_at + updated_at


def _packed_time(time: datetime) -> bytes:
    spelled = spelled_time(time)
    return b"$%d\r\n%b\r\n" % (len(spelled), spelled)


@lru_cache(maxsize=1024)
def _packed_tries(*columns: int | str | datetime | None) -> bytes:
    """Pack the columns from `priority` to `error_message`."""
    return _bare(*Entry(_NO_ID, b"", EPOCH, EPOCH, *columns).to_fields()[2:8])  # type: ignore[arg-type] # these


@lru_cache(maxsize=1024)
def _number(value: int) -> bytes:
    return _bare(value)


def _bare(*values: Any) -> bytes:  # noqa: ANN401 as below
    """Values as they stand in a packed command, without the line that says how many it has."""
    command = packed(*values)
    return command[command.index(b"\n") + 1 :]


def packed(*command: Any) -> bytes:  # noqa: ANN401 texts, bytes and numbers
    """Return a command as Redis reads it."""
    as_read: bytes = hiredis.pack_command(command)
    return as_read
