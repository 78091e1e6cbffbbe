"""`facts_marks`: hours whose facts do not say any more what `access_logs` says."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all

ALL_MINUTES = (1 << 60) - 1
FactsDay = tuple[UUID, date]
"""A day (UTC) of an application, whose facts are made by one at a time."""


def mark_day(tx: Transaction, day: FactsDay) -> None:
    """Let the facts of a whole day be made anew."""
    execute(tx, "facts_marks/mark_day", _names(day))


def mark_counted(tx: Transaction) -> None:
    """Let the facts of everything that was ever counted be made."""
    execute(tx, "facts_marks/mark_counted")


def days(tx: Transaction, *, limit: int) -> list[FactsDay]:
    """Days of which facts are to be made: of each application its latest one first, and who has waited longest."""
    return [(row["application_id"], row["date"]) for row in fetch_all(tx, "facts_marks/days", {"limit": limit})]


def lock_day(tx: Transaction, day: FactsDay) -> None:
    """Wait until nobody else makes facts of this day, and hold it until the transaction ends."""
    execute(tx, "facts_marks/lock_day", _names(day))


def lock_free(tx: Transaction, days: Collection[FactsDay]) -> list[FactsDay]:
    """Hold those of some days of which nobody else makes facts, until the transaction ends; which these are.

    Of an application whose tally goes with such a day, and somebody else has taken it away just now, no day is held.
    """
    return [(row["application_id"], row["date"]) for row in fetch_all(tx, "facts_marks/lock_free", _lists(days))]


def small(tx: Transaction, days: Collection[FactsDay], *, hours: int, facts: int) -> set[FactsDay]:
    """Return those of some days of which minutes of so few hours at most wait, all in files of fewer facts."""
    params = {**_lists(days), "hours": hours, "facts": facts}
    return {(row["application_id"], row["date"]) for row in fetch_all(tx, "facts_marks/small", params)}


def take_of(tx: Transaction, days: Collection[FactsDay]) -> dict[FactsDay, dict[int, int]]:
    """Take the marks of some days, as `take` takes those of one."""
    marks: dict[FactsDay, dict[int, int]] = {}
    for row in fetch_all(tx, "facts_marks/take_of", _lists(days)):
        of_day = marks.setdefault((row["application_id"], row["date"]), {})
        of_day[row["hour"]] = ALL_MINUTES if row["minutes"] is None else row["minutes"]
    return marks


def take(tx: Transaction, day: FactsDay) -> Mapping[int, int]:
    """Take the marks of a day: by hour the minutes that they are about, as bits.

    Rows of `access_logs` that are read afterwards, in this transaction, are at least as new as these marks.
    """
    rows = fetch_all(tx, "facts_marks/take", _names(day))
    return {row["hour"]: ALL_MINUTES if row["minutes"] is None else row["minutes"] for row in rows}


def put(tx: Transaction, day: FactsDay, hours: Mapping[int, int]) -> None:
    """Mark minutes (as bits) of hours."""
    params = {**_names(day), "hours": list(hours), "minutes": list(hours.values())}
    execute(tx, "facts_marks/put", params)


def last(tx: Transaction, application_id: UUID) -> int:
    """Return the number of the latest mark of an application; 0 where none waits."""
    [row] = fetch_all(tx, "facts_marks/last", {"application_id": application_id})
    return row["id"] or 0


def waiting(tx: Transaction, application_id: UUID, last: int) -> bool:
    """Return whether a mark with this number or a lower one waits."""
    [row] = fetch_all(tx, "facts_marks/waiting", {"application_id": application_id, "last": last})
    return bool(row["waiting"])


def waiting_of_days(tx: Transaction, application_id: UUID, first: date, last: date) -> bool:
    """Return whether facts of these days (UTC) are to be made anew."""
    params = {"application_id": application_id, "first": first, "last": last}
    [row] = fetch_all(tx, "facts_marks/waiting_of_days", params)
    return bool(row["waiting"])


def collapse(tx: Transaction) -> None:
    """Put one mark an hour in the place of many."""
    execute(tx, "facts_marks/collapse")


def delete_of_application(tx: Transaction, application_id: UUID) -> None:
    """Forget the marks of an application that goes."""
    execute(tx, "facts_marks/delete_of_application", {"application_id": application_id})


def _lists(days: Collection[FactsDay]) -> dict[str, object]:
    return {"application_ids": [day[0] for day in days], "dates": [day[1] for day in days]}


def _names(day: FactsDay) -> dict[str, object]:
    return {"application_id": day[0], "date": day[1]}
