"""An entry of the queue: the ten columns of `batch_queue`, in Redis as fields of a stream entry (decision 0009).

In a stream each column is a field of that name; an empty value stands for NULL. In the set of retries the same
columns are one JSON object. Reading is lenient: whoever can write to Redis can write nonsense, and nonsense must
neither block the queue nor vanish, so it becomes an entry like any other and ingest says what is wrong with it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from tracker.config import MAX_RETRIES
from tracker.hit import EPOCH, Hit, uuid_of

FIELDS = (
    "id",
    "tracking_data",
    "priority",
    "retry_count",
    "max_retries",
    "status",
    "processed_at",
    "error_message",
    "created_at",
    "updated_at",
)
"""The columns of `batch_queue` in the order of the table; `scripts/accept.lua` names them again."""

STREAMS = ("tracker:hits:urgent", "tracker:hits:normal", "tracker:hits:bulk")
"""One stream per kind of priority, the most urgent first."""
URGENT, NORMAL, BULK = STREAMS

IMPORT_PRIORITY = -(2**31 - 1)
"""The lowest priorities are those of imports: this one and the number of the import (`imports.id`). They go with the
bulk, and no period of the statistics is complete by them."""
_MAX_IMPORTS = 1 << 20
MAX_IMPORTED_PRIORITY: Final = IMPORT_PRIORITY + _MAX_IMPORTS - 1
"""Entries of this priority or a lower one were imported."""

_INTEGER_LIMIT = 2**31 - 1
_STATUS_LENGTH = 20
_SPELLED_LENGTH: Final = 36
_DIGITS: Final = 32


def import_priority(import_id: int) -> int:
    """Return the priority of the entries of an import; beyond a million imports they are those of none."""
    return IMPORT_PRIORITY + (import_id if 0 <= import_id < _MAX_IMPORTS else 0)


def stream_of(priority: int) -> str:
    """Return the stream that takes entries of this priority: above 0 urgent, 0 normal, below 0 bulk."""
    if priority == 0:
        return NORMAL
    return URGENT if priority > 0 else BULK


class Entry(NamedTuple):
    """One entry. `id` is the hit's tracking id, `tracking_data` its JSON (`Hit.encode`).

    A tuple: a frozen dataclass of ten fields takes three times as long to make, in the receiver and in the worker.
    """

    id: UUID
    tracking_data: bytes
    created_at: datetime
    updated_at: datetime
    priority: int = 0
    retry_count: int = 0
    max_retries: int = 3
    status: str = "queued"
    processed_at: datetime | None = None
    error_message: str | None = None

    @property
    def is_imported(self) -> bool:
        """Return whether it was imported: then it is history, whenever it arrives."""
        return self.priority < IMPORT_PRIORITY + _MAX_IMPORTS

    @property
    def import_id(self) -> int | None:
        """Return the number of its import; None where it was not imported, or by nothing that has a number."""
        return (self.priority - IMPORT_PRIORITY or None) if self.is_imported else None

    @classmethod
    def imported(cls, hit: Hit, import_id: int, *, max_retries: int, now: datetime) -> "Entry":
        """Return the entry that brings a hit of an import."""
        return cls(
            id=hit.tracking_id,
            tracking_data=hit.encode(),
            created_at=now,
            updated_at=now,
            priority=import_priority(import_id),
            max_retries=max_retries,
        )

    def to_fields(self) -> tuple[str | bytes | int, ...]:
        """Return the values of `FIELDS`, in their order, as Redis takes them."""
        created_at = spelled_time(self.created_at)
        return (
            spelled_id(self.id),
            self.tracking_data,
            self.priority,
            self.retry_count,
            self.max_retries,
            self.status,
            self.processed_at.isoformat() if self.processed_at else "",
            self.error_message or "",
            created_at,
            created_at if self.updated_at is self.created_at else spelled_time(self.updated_at),
        )

    @classmethod
    def from_fields(cls, fields: Mapping[bytes, bytes], stream_id: bytes) -> "Entry":
        """Return the entry that a stream holds under `stream_id`.

        Never raises: a field that cannot be read gets its default.

        An id that cannot be read is derived from the stream id and the fields, so that a redelivery has the same.
        """
        field = fields.get
        created, updated = field(b"created_at"), field(b"updated_at")
        created_at = _time(created) or _time_of_stream_id(stream_id)
        return new_entry(
            (
                _uuid(field(b"id")) or _derived_id(stream_id, fields),
                field(b"tracking_data", b""),
                created_at,
                # Until an entry has failed once, both are the same.
                created_at if updated == created else _time(updated) or created_at,
                _integer(field(b"priority"), 0),
                _integer(field(b"retry_count"), 0, least=0),
                _integer(field(b"max_retries"), 3, most=MAX_RETRIES),
                field(b"status", b"queued").decode(errors="replace")[:_STATUS_LENGTH],
                _time(field(b"processed_at")),
                field(b"error_message", b"").decode(errors="replace") or None,
            )
        )

    def to_member(self) -> bytes:
        """Return the JSON object that stands for this entry in the set of retries."""
        values = zip(FIELDS, self.to_fields(), strict=True)
        # Bytes that are no UTF-8 cannot become JSON; such data never was a hit, so its spelling may change here.
        return orjson.dumps(
            {
                name: value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
                for name, value in values
            }
        )

    @classmethod
    def from_member(cls, member: bytes) -> "Entry":
        """Return the entry of a member of the set of retries. Never raises, like `from_fields`."""
        try:
            values = orjson.loads(member)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            values = {"tracking_data": member.decode(errors="backslashreplace")}
        fields = {
            name.encode(): str(value).encode(errors="backslashreplace")
            for name, value in values.items()
            if value is not None
        }
        return cls.from_fields(fields, b"0-0")

    def failed_once_more(self, reason: str, now: datetime) -> "Entry":
        """This entry after another try that did not succeed."""
        return self._replace(retry_count=self.retry_count + 1, error_message=reason, updated_at=now)


new_entry: Final[Callable[[tuple[Any, ...]], Entry]] = partial(tuple.__new__, Entry)
"""Makes an entry of a tuple of all its ten values, in half the time that `Entry` takes."""


def spelled_ids(tracking_ids: Sequence[UUID]) -> list[bytes]:
    """Spell the ids of a batch, each as `spelled_id` does, in half the time."""
    return orjson.dumps(tracking_ids)[2:-2].split(b'","') if tracking_ids else []


def spelled_id(tracking_id: UUID) -> bytes:
    """Spell an id: `str` of a UUID, in a tenth of its time."""
    return orjson.dumps(tracking_id)[1:-1]


def spelled_time(time: datetime) -> bytes:
    """Spell a time: its `isoformat`, in a tenth of its time."""
    return orjson.dumps(time)[1:-1]


_USUAL_INTEGERS: Final = {b"%d" % number: number for number in range(100)}


def _integer(value: bytes | None, default: int, *, least: int = -_INTEGER_LIMIT, most: int = _INTEGER_LIMIT) -> int:
    """Return an INTEGER column's value; a number beyond its range, or beyond `least` and `most`, is cut to it."""
    if (usual := _USUAL_INTEGERS.get(value or b"")) is not None:
        return usual
    try:
        return max(least, min(most, int(value or b"")))
    except ValueError:
        return default


def _uuid(value: bytes | None) -> UUID | None:
    try:
        # As it is spelled usually: what UUID reads besides it reads itself, in three times the time.
        if value is not None and len(value) == _SPELLED_LENGTH and len(digits := value.replace(b"-", b"")) == _DIGITS:
            return uuid_of(int(digits, 16))
        return UUID((value or b"").decode())
    except ValueError:
        return None


def _time(value: bytes | None) -> datetime | None:
    if not value:
        return None
    try:
        time = datetime.fromisoformat(value.decode())
        if time.tzinfo is UTC:
            return time
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _time_of_stream_id(stream_id: bytes) -> datetime:
    """Return when the entry was added, by the Redis server's clock: a stream id begins with milliseconds since 1970."""
    try:
        return EPOCH + timedelta(milliseconds=int(stream_id.partition(b"-")[0]))
    except (ValueError, OverflowError):
        return EPOCH


def _derived_id(stream_id: bytes, fields: Mapping[bytes, bytes]) -> UUID:
    digest = hashlib.blake2b(stream_id, digest_size=16, person=b"tracker-entry")
    for name, value in fields.items():
        digest.update(b"%d:%b%d:%b" % (len(name), name, len(value), value))
    # Version 5 says "derived from a name"; it can never be taken for a tracking id, which has version 8.
    return UUID(bytes=digest.digest(), version=5)
