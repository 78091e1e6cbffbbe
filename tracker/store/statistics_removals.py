"""`statistics_removals`: of which days raw rows have been removed, so that a recount would find too little."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one


def note(tx: Transaction, before: date, application_id: UUID | None = None) -> None:
    """Raw rows of days before `before` go, of one application or of all: to be noted with or before the removal."""
    execute(tx, "statistics_removals/note", {"before": before, "application_id": application_id})


def noted(tx: Transaction) -> dict[UUID, date]:
    """Before which day raw rows have been removed, of each application of which any have."""
    return {row["application_id"]: row["before"] for row in fetch_all(tx, "statistics_removals/noted")}


def withdraw(tx: Transaction, before: date, earlier: Mapping[UUID, date]) -> None:
    """Withdraw what `note` said of a removal that did not come about; `earlier` is what was `noted` until then."""
    parameters = {"before": before, "application_ids": list(earlier), "dates": list(earlier.values())}
    execute(tx, "statistics_removals/withdraw", parameters)


def before(tx: Transaction, application_id: UUID) -> date | None:
    """Before which day raw rows of an application have been removed; None where all are there."""
    row = fetch_one(tx, "statistics_removals/before", {"application_id": application_id})
    return None if row is None else row["before"]
