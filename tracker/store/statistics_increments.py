"""`statistics_increments`: what each worker's transaction adds to an hour of an application, until it is folded."""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, sql

_NULL = r"\N"
_SPECIAL = re.compile(r"[\\\t\n\r]").search
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
"""What COPY's text format writes for a field that is NULL, and for the four characters that mean something to it."""

ApplicationDay = tuple[UUID, date]
"""One day of one application: what is folded or rebuilt by one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """New hits of one application and one hour (UTC). Visitors and sessions are digests, 32 hexadecimal digits."""

    application_id: UUID
    date: date
    hour: int
    received_at: datetime | None
    """When the first of them was accepted; None where all were imported."""
    total_requests: int
    visitors: AbstractSet[str]
    sessions: AbstractSet[str]
    parameters: Mapping[tuple[str, str | None], int]
    """How often each key and text came that was written to `custom_parameter_values`."""
    minutes: int
    """Into which minutes of the hour they fall, as bits."""


def copy(tx: Transaction, increments: Iterable[Increment]) -> None:
    """Append them, in the transaction that stores their hits."""
    lines = "".join(map(_line, increments))
    if lines:
        with tx.cursor() as cursor, cursor.copy(sql("statistics_increments/copy")) as stream:
            stream.write(lines.encode())


def address_bytes(tx: Transaction, addresses: Sequence[str]) -> list[bytes]:
    """Return the addresses as PostgreSQL sends an INET.

    Only for what `ipaddress` cannot read and a row already holds.
    """
    return [row["bytes"] for row in fetch_all(tx, "statistics_increments/address_bytes", {"addresses": addresses})]


@dataclass(frozen=True, slots=True)
class LockedIncrements:
    """The oldest increments: those of days that this transaction now holds, and the days that others hold."""

    ids: Sequence[int]
    held_by_others: Sequence[ApplicationDay]


def lock_next(tx: Transaction, *, limit: int, skipped: Iterable[ApplicationDay]) -> LockedIncrements:
    """Look at the `limit` oldest increments that are not of `skipped` days, and lock their days as far as free.

    Statements that follow see whatever the last holder of a day did.
    """
    days = list(skipped)
    parameters = {
        "limit": limit,
        "skipped_applications": [day[0] for day in days],
        "skipped_dates": [day[1] for day in days],
    }
    rows = fetch_all(tx, "statistics_increments/lock_next", parameters)
    return LockedIncrements(
        ids=[increment for row in rows if row["locked"] for increment in row["ids"]],
        held_by_others=[(row["application_id"], row["date"]) for row in rows if not row["locked"]],
    )


def lock_day(tx: Transaction, day: ApplicationDay) -> None:
    """Wait until nobody else folds or rebuilds this day, and hold it until the transaction ends."""
    execute(tx, "statistics_increments/lock_day", {"application_id": day[0], "date": day[1]})


def of_day(tx: Transaction, day: ApplicationDay) -> list[int]:
    """Return the ids of a day's increments that are not folded yet."""
    rows = fetch_all(tx, "statistics_increments/of_day", {"application_id": day[0], "date": day[1]})
    return [row["id"] for row in rows]


def recount_hour(tx: Transaction, day: ApplicationDay, hour: int) -> tuple[int, int] | None:
    """Count an hour from its raw rows into one increment in the place of those that wait.

    Returns its id and how many hits it has; None where there is no row.

    To be called by who holds the day. Hits that are stored while this runs keep increments of their own.
    """
    start = datetime(day[1].year, day[1].month, day[1].day, hour, tzinfo=UTC)
    parameters = {
        "application_id": day[0],
        "date": day[1],
        "hour": hour,
        "start": start,
        "end": start + timedelta(hours=1),
    }
    rows = fetch_all(tx, "statistics_increments/recount_hour", parameters)
    return (rows[0]["id"], rows[0]["total_requests"]) if rows else None


def waiting(tx: Transaction, first: date, end: date) -> bool:
    """Return whether increments of the days from `first` to before `end` wait to be folded."""
    [row] = fetch_all(tx, "statistics_increments/waiting", {"first": first, "end": end})
    return bool(row["waiting"])


def _line(increment: Increment) -> str:
    keys, texts, counts = [], [], []
    for (key, text), count in increment.parameters.items():
        keys.append(key)
        texts.append(text)
        counts.append(str(count))
    received_at = _NULL if increment.received_at is None else increment.received_at.isoformat()
    return (
        f"{increment.application_id}\t{received_at}\t{increment.date}\t{increment.hour}\t{increment.total_requests}\t"
        f"{{{','.join(increment.visitors)}}}\t{{{','.join(increment.sessions)}}}\t"
        f"{_text_array(keys)}\t{_text_array(texts)}\t{{{','.join(counts)}}}\t{increment.minutes}\n"
    )


def _text_array(given: Sequence[str | None]) -> str:
    """Return an array literal as a field of COPY.

    Nearly always nothing needs escaping, and one look at all of them tells.
    """
    if not given:
        return "{}"
    texts = [text for text in given if text is not None]
    if len(texts) < len(given):
        quoted = ("NULL" if text is None else f'"{_escaped(text)}"' for text in given)
        return _field(f"{{{','.join(quoted)}}}")
    everything = "".join(texts)
    if "\\" in everything or '"' in everything:
        texts = list(map(_escaped, texts))
    joined = '","'.join(texts)
    return _field(f'{{"{joined}"}}')


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _field(text: str) -> str:
    """Return a text as a field of COPY."""
    return text.translate(_ESCAPES) if _SPECIAL(text) else text
