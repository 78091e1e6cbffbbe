"""What is stored for one application, counted. For a small one: the counts read all of its rows."""

from datetime import datetime
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import fetch_all, fetch_one


def hits_by_partition(tx: Transaction, application_id: UUID) -> dict[str, int]:
    """Return the hits in each partition of access_logs that has any, by the partition's name."""
    rows = fetch_all(tx, "access_logs/hits_by_partition", {"application_id": application_id})
    return {row["partition"]: row["hits"] for row in rows}


def partition_of(tx: Transaction, hit_id: int, created_at: datetime) -> str | None:
    """Return the partition that a hit stands in, or None where it is not stored."""
    row = fetch_one(tx, "access_logs/partition_of", {"id": hit_id, "created_at": created_at})
    return None if row is None else str(row["partition"])


def sessions(tx: Transaction, application_id: UUID) -> int:
    return _count(tx, "sessions/sessions", application_id)


def parameter_values(tx: Transaction, application_id: UUID) -> int:
    return _count(tx, "custom_parameter_values/parameter_values", application_id)


def refused_parameters(tx: Transaction, application_id: UUID) -> int:
    return _count(tx, "custom_parameter_refusals/refused_parameters", application_id)


def counted(tx: Transaction, application_id: UUID) -> int:
    """Return the hits that the statistics of days hold."""
    return _count(tx, "statistics/counted", application_id)


def _count(tx: Transaction, name: str, application_id: UUID) -> int:
    row = fetch_one(tx, name, {"application_id": application_id})
    return 0 if row is None else int(row["count"])
