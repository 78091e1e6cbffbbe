"""`batch_jobs`: one row per batch that a worker wrote and per scheduled run (decisions 0010 and 0118)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal

from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all, sql

SMALL: Final = 10
"""What comes to no more than this has no row and no log line of its own."""


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


def add_or_join(tx: Transaction, job: BatchJob, *, limit: int) -> None:
    """Note it; of what is small and went well, as at low traffic, all of a minute in one row, up to `limit` things."""
    if job.batch_size > SMALL or job.error_count or not join_recent(tx, job, limit=limit):
        add(tx, job)


def join_recent(tx: Transaction, job: BatchJob, *, limit: int) -> bool:
    """Add a small batch to the last row of its minute, which then stands for `limit` things at most; whether it did."""
    return execute(tx, "batch_jobs/join_recent", {**asdict(job), "limit": limit}) > 0


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
