"""A hit: one page view or event, its identity, and its form on the way.

**Identity.** A hit is named by the pair (`id`, `created_at`), fixed when the hit is first accepted and carried
through redelivery, `batch_queue` and replay, so that the primary key of `access_logs` makes a hit that arrives
twice collide with itself (decision 0007). `id` has 63 bits, `created_at` microseconds; the tracking id is a UUID
version 8 (RFC 9562, section 5.8) that carries both, so that a hit is found by its primary key in its own month.

**Where ids come from.** `IdSource` joins a count of 16 µs ticks that only ever grows within a process with the
process's number, which is leased (`tracker.queueing.process_number`). Ids are thereby ordered by time, and no
two of one process, nor of two processes with different numbers, are the same. An import has no acceptance to
fix an id at; `imported_id` derives it from what the line is (application, source, text, ordinal).
"""

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, SafeUUID

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import asdict, replace

from tracker import trace_context

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TICK_MICROSECONDS = 16
_PROCESS_BITS = 16
_UUID_VERSION = 8
PROCESS_NUMBERS = 1 << _PROCESS_BITS
_TICKS_START = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 // _TICK_MICROSECONDS
"""47 bits of 16 µs ticks from here last until 2096."""


NO_HIT: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What `Hit.decode` raises for what is no hit."""


class Hit(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One row of `access_logs` before it is written; None stands for NULL.

    A struct of msgspec: made in a quarter of the time that a frozen dataclass of eighteen fields takes, and written
    and read as JSON in a third of what going through a dict takes. JSON has no cycles, so that the garbage collector
    need not look for any here.
    """

    id: int
    created_at: datetime
    application_id: UUID
    app_id: str
    client_sub_id: str | None = None
    module_id: str | None = None
    url: str | None = None
    referrer: str | None = None
    user_agent: str | None = None
    ip_address: str | None = None
    session_id: str | None = None
    screen_resolution: str | None = None
    language: str | None = None
    timezone: str | None = None
    place: str | None = None
    event_name: str | None = None
    event_data: dict[str, Any] | None = None
    custom_params: dict[str, Any] | None = None

    @property
    def tracking_id(self) -> UUID:
        """Return the public name of this hit: see `tracking_id_of`."""
        return tracking_id_of(self.id, self.created_at)

    @property
    def utc_time(self) -> datetime:
        """Return `created_at` in UTC, as nearly all have it already: that is seen in a fraction of the time."""
        time = self.created_at
        return time if time.tzinfo is UTC else time.astimezone(UTC)

    def columns(self) -> dict[str, Any]:
        """Return the columns by their names."""
        return asdict(self)

    def replace(self, **changes: Any) -> "Hit":  # noqa: ANN401 any column
        """Return the hit with other values in some columns."""
        return replace(self, **changes)

    def encode(self) -> bytes:
        """Return the JSON of `batch_queue.tracking_data`: columns that are not NULL, times as RFC 3339 in UTC."""
        return _encode(self)

    @classmethod
    def decode(cls, data: bytes | str | dict[str, Any]) -> "Hit":
        """Return the hit of `tracking_data`, as JSON text or as parsed JSON.

        Raises one of NO_HIT where it is not one, which happens when an operator edited it.
        """
        if isinstance(data, dict):
            columns = dict(data)
        else:
            try:
                return _decode(data)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                # Not as `encode` writes it: an operator edited it, or it carries a trace. Which it is comes out below.
                columns = orjson.loads(data)
        columns["created_at"] = datetime.fromisoformat(columns["created_at"])
        columns["application_id"] = _application_id(columns["application_id"])
        for required in ("id", "app_id"):
            columns[required]
        columns.pop(trace_context.NAME, None)  # It says which request brought the hit, and is no column.
        return cls(**columns)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Hit).decode


@lru_cache(maxsize=4096)
def _application_id(text: str) -> UUID:
    """Read it once: the hits of an application then have the very same one, which compares without a look inside."""
    return UUID(text)


def tracking_id_of(hit_id: int, created_at: datetime) -> UUID:
    """Return the UUID version 8 that carries both parts of a hit's identity.

    Of its 122 free bits the upper 59 are `created_at` in microseconds since 1970 (enough for 18,000 years)
    and the lower 63 are `hit_id`, so that tracking ids sort by time. Times before 1970 have no tracking id: ValueError.
    """
    last, counted = _last_counted  # As `_counted` does, whose call would take a tenth of all this.
    micros, upper = counted if created_at is last else _counted(created_at)
    if not (0 <= hit_id < _HIT_IDS and 0 <= micros < _MAX_MICROS):
        raise ValueError("an identity needs a time since 1970 and an id of 63 bits")
    return uuid_of(upper | hit_id >> 62 << 64 | hit_id & _LOWER_BITS)


_HIT_IDS = 1 << 63
_MAX_MICROS = 1 << 59
_LOWER_BITS = (1 << 62) - 1
"""Those of an id that stand behind the UUID's variant; the one above them stands before it."""
_last_counted = EPOCH, (0, _UUID_VERSION << 76 | 0x2 << 62)


def _counted(time: datetime) -> tuple[int, int]:
    """Return the microseconds since 1970, and what they, version and variant are in a tracking id.

    The events of a batch have the very same time, which is counted once.
    """
    global _last_counted  # noqa: PLW0603 a pair that is exchanged whole: whoever reads it has both halves of one time
    last, counted = _last_counted
    if time is not last:
        micros = (time - EPOCH) // _MICROSECOND
        counted = micros, (micros >> 11) << 80 | _UUID_VERSION << 76 | (micros & 0x7FF) << 65 | 0x2 << 62
        _last_counted = time, counted
    return counted


_new = object.__new__
# A UUID refuses assignments. Where its parts stand is looked up once, and so is the member of the enumeration.
_set_int, _set_safety = UUID.__dict__["int"].__set__, UUID.__dict__["is_safe"].__set__
_SAFETY: Final = SafeUUID.unknown


def uuid_of(value: int) -> UUID:
    """Return `UUID(int=value)` in a fifth of its time, which every hit takes; `value` has 128 bits at most."""
    made = _new(UUID)
    _set_int(made, value)
    _set_safety(made, _SAFETY)
    return made


def identity_of(tracking_id: UUID) -> tuple[int, datetime]:
    """Return the (`id`, `created_at`) that a tracking id carries; ValueError where the UUID is not a tracking id."""
    if tracking_id.version != _UUID_VERSION:
        raise ValueError("not a tracking id: a UUID version 8 is expected")
    value = tracking_id.int
    free = (value >> 80) << 74 | ((value >> 64) & 0xFFF) << 62 | (value & ((1 << 62) - 1))
    try:
        return free & ((1 << 63) - 1), EPOCH + timedelta(microseconds=free >> 63)
    except OverflowError as error:
        raise ValueError("not a tracking id: its time is beyond the calendar") from error


class IdSource:
    """Ids of one process: 47 bits of ticks that only grow, then the 16 bits of its leased number.

    Thread-safe. A clock that is set back does not matter: the count goes on from where it was. A burst above
    62,500 ids a second runs ahead of the clock and is caught up with later.
    """

    def __init__(self, process_number: int) -> None:
        if not 0 <= process_number < PROCESS_NUMBERS:
            raise ValueError(f"a process number is from 0 to {PROCESS_NUMBERS - 1}")
        self._process_number = process_number
        self._last = 0
        self._lock = threading.Lock()

    def next(self, now: datetime) -> int:
        """Return an id that no other call returns; `now` is the wall clock's time."""
        ticks = _counted(now)[0] // _TICK_MICROSECONDS - _TICKS_START
        with self._lock:
            self._last = max(ticks, self._last + 1)
            return self._last << _PROCESS_BITS | self._process_number

    def several(self, now: datetime, count: int) -> list[int]:
        """Return so many ids in their order, for a batch, in one step."""
        ticks = _counted(now)[0] // _TICK_MICROSECONDS - _TICKS_START
        with self._lock:
            first = max(ticks, self._last + 1)
            self._last = first + count - 1
        return [tick << _PROCESS_BITS | self._process_number for tick in range(first, first + count)]


class ImportedIds:
    """Ids of the lines of one log (`imported_id`): what is the same for all of them is hashed once."""

    def __init__(self, application_id: UUID, source: str) -> None:
        self._log = hashlib.blake2b(digest_size=8, person=b"tracker-import")
        for part in (application_id.bytes, source.encode()):
            self._log.update(b"%d:%b" % (len(part), part))

    def of(self, line: bytes, ordinal: int) -> int:
        """Return the id of the `ordinal`-th of the lines that are equal to this one."""
        digest = self._log.copy()
        number = b"%d" % ordinal
        digest.update(b"%d:%b%d:%b" % (len(line), line, len(number), number))
        return int.from_bytes(digest.digest(), "big") >> 1


def imported_id(application_id: UUID, source: str, line: bytes, ordinal: int) -> int:
    """Return the id of the `ordinal`-th line (from 0) among the equal lines of one source.

    The same line of the same source has the same id however often it is imported. Two lines share an id by
    chance with a probability of 2^-63, and then only matter where they also share their second.
    """
    return ImportedIds(application_id, source).of(line, ordinal)
