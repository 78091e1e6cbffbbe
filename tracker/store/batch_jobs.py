"""`batch_jobs`: one row per batch that a worker wrote and per scheduled run (decision 0010)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all, sql


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob:
    """A batch or a run that has ended, successfully or not."""

    job_type: str
    status: Literal["completed", "failed"]
    batch_size: int
    processed_count: int
    error_count: int
    started_at: datetime
    completed_at: datetime
    error_message: str | None = None


def add(tx: Transaction, job: BatchJob) -> None:
    """Note it, in the transaction that did the work."""
    tx.execute(sql("batch_jobs/add"), asdict(job))


def add_run(tx: Transaction, job_type: str, *, count: int, started_at: datetime, completed_at: datetime) -> None:
    """Note a scheduled run that did `count` things."""
    add(
        tx,
        BatchJob(
            job_type=job_type,
            status="completed",
            batch_size=count,
            processed_count=count,
            error_count=0,
            started_at=started_at,
            completed_at=completed_at,
        ),
    )


def add_failure(tx: Transaction, job_type: str, *, reason: str, started_at: datetime, completed_at: datetime) -> None:
    """Note a scheduled run that failed."""
    add(
        tx,
        BatchJob(
            job_type=job_type,
            status="failed",
            batch_size=0,
            processed_count=0,
            error_count=1,
            started_at=started_at,
            completed_at=completed_at,
            error_message=reason,
        ),
    )


def summary(tx: Transaction, since: datetime) -> list[Row]:
    """Return what was done since a time: `job_type`, `runs`, `processed`, `errors`, `latest` and the `last_error`."""
    return fetch_all(tx, "batch_jobs/summary", {"since": since})


def delete_old(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the oldest runs from before a time; how many."""
    return execute(tx, "batch_jobs/delete_old", {"before": before, "limit": limit})
