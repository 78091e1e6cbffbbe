"""`batch_jobs` (specification 2.3): one row per batch that a worker wrote and per scheduled run (ruling 10)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from tracker.store.database import Transaction
from tracker.store.queries import sql


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
    tx.execute(sql("batch_jobs/insert"), asdict(job))
