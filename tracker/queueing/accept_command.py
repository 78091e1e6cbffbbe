"""The command that makes an offer: `scripts/accept.lua` with its keys and arguments, packed as Redis reads it.

Most of it is the same for all hits of a caller within a minute; that is packed once and kept.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import hiredis

from tracker.queueing.entry import STREAMS, Entry, stream_of
from tracker.queueing.filtered import COUNTS, field_of
from tracker.queueing.nudges import NUDGE_KEY
from tracker.queueing.overflow import OVERFLOWING, overflow_stream, share_key
from tracker.queueing.quota import DAY_SECONDS, MAX_SHARES, MINUTE_SECONDS, Quota

_PLACES = {stream: place for place, stream in enumerate(STREAMS, start=1)}
EVENT_SECONDS = 86_400
"""For so long an event is known; `accept.lua` has the same number."""
_NO_EVENT = "tracker:event:"
"""The key of an entry without an event: nothing stands there. An empty one would be refused to a user who may use only
the keys of this project."""
CROWD_SHARE = 0.9
"""Of the queue limit and of the memory for receivers. The rest is for applications that have no crowd waiting."""
_FIXED_KEYS: Final = 10
_MAX_PACKED: Final = 1024
SHARED_STREAM_SHARE: Final = 100
"""Entries, of at most 4 KiB each, that an application may have waiting in the streams that all share: a batch."""


def event_key(application_id: UUID, event_id: UUID | str) -> str:
    """Where Redis has the tracking id of the first hit with this event."""
    return f"tracker:event:{application_id}:{event_id}"


class AcceptCommands:
    """Packs the commands of one process. Thread-safe."""

    def __init__(self, script: str, queue_limit: int) -> None:
        self._queue_limit = queue_limit
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._evalsha = _bare("EVALSHA", digest)
        self._memory_is_for_others = False
        self._crowds: tuple[dict[str, int], int] = ({}, 0)
        self._fixed_parts: dict[tuple[Any, ...], _Fixed] = {}

    def note_memory(self, *, is_for_others: bool) -> None:
        """Have applications with a crowd waiting refused, or not any more."""
        self._memory_is_for_others = is_for_others
        self._fixed_parts.clear()

    def note_crowds(self, lengths: dict[str, int]) -> None:
        """Take note of how much waits in applications' own streams."""
        self._crowds = lengths, sum(lengths.values())

    def pack(  # noqa: PLR0917 those of `Intake.offer`
        self,
        application_id: UUID,
        rate_limit: int | None,
        entries: Sequence[Entry],
        now: datetime,
        event_ids: Sequence[str | None],
        quota: Quota,
    ) -> bytes:
        """The command for an offer, as `Intake.offer` describes it."""
        minute = int(now.timestamp()) // MINUTE_SECONDS
        fixed = self._fixed(application_id, rate_limit, quota, minute)
        offered: list[Any] = []
        for entry in entries:
            offered.append(_PLACES[stream_of(entry.priority)])
            offered += entry.to_fields()
        events = [event_key(application_id, event_id) if event_id else _NO_EVENT for event_id in event_ids]
        return b"".join(
            (
                b"*%d\r\n" % (fixed.length + len(events) + len(offered)),
                self._evalsha,
                _bare(_FIXED_KEYS + len(events)),
                fixed.keys,
                _bare(*events) if events else b"",
                fixed.limits,
                _bare(len(entries)),
                fixed.quota,
                _bare(*offered),
            )
        )

    def _fixed(self, application_id: UUID, rate_limit: int | None, quota: Quota, minute: int) -> "_Fixed":
        """What is the same in all commands of a caller within a minute, packed once and not for each hit."""
        state = (application_id, rate_limit, minute, id(quota))
        all_crowds, fixed = self._crowds, self._fixed_parts.get(state)
        # The quota itself is kept beside its id, so that no other object can have the same one meanwhile.
        if fixed is not None and fixed.of is quota and fixed.crowds is all_crowds:
            return fixed
        if len(self._fixed_parts) >= _MAX_PACKED:
            self._fixed_parts.clear()
        own_stream = overflow_stream(application_id)
        crowds, in_crowds = all_crowds
        owner = str(application_id)
        keys = (
            f"tracker:usage:{owner}:{minute}",
            *STREAMS,
            NUDGE_KEY,
            f"tracker:bytes:{owner}:{minute * MINUTE_SECONDS // DAY_SECONDS}",
            COUNTS,
            own_stream,
            OVERFLOWING,
            share_key(application_id),
        )
        limits = (-1 if rate_limit is None else max(0, rate_limit), self._queue_limit)
        shares = [part for share in quota.shares[:MAX_SHARES] for part in (share.bucket, share.hits)]
        callers = (
            -1 if quota.open_hits is None else quota.open_hits,
            -1 if quota.bytes_a_day is None else quota.bytes_a_day,
            field_of(owner, "", datetime.fromtimestamp(minute * MINUTE_SECONDS, UTC)),
            *shares,
            *("", 0) * (MAX_SHARES - len(quota.shares)),
            in_crowds - crowds.get(own_stream, 0),
            0 if self._memory_is_for_others else int(self._queue_limit * CROWD_SHARE),
            SHARED_STREAM_SHARE,
        )
        assert len(keys) == _FIXED_KEYS
        # Beside these: EVALSHA, the script's digest, the number of keys and that of entries.
        length = 4 + len(keys) + len(limits) + len(callers)
        fixed = _Fixed(quota, all_crowds, length, _bare(*keys), _bare(*limits), _bare(*callers))
        self._fixed_parts[state] = fixed
        return fixed


class _Fixed(NamedTuple):
    """The parts of a command that a caller's offers have in common, packed, and what they were made of."""

    of: Quota
    crowds: tuple[dict[str, int], int]
    length: int
    keys: bytes
    limits: bytes
    quota: bytes


def _bare(*values: Any) -> bytes:  # noqa: ANN401 as below
    """Values as they stand in a packed command, without the line that says how many it has."""
    command = packed(*values)
    return command[command.index(b"\n") + 1 :]


def packed(*command: Any) -> bytes:  # noqa: ANN401 texts, bytes and numbers
    """A command as Redis reads it."""
    as_read: bytes = hiredis.pack_command(command)
    return as_read
