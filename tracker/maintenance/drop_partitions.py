"""One turn of the retention: months that are older than TRACKER_RETENTION_MONTHS are dropped whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.clock import Clock
from tracker.errors import FactsUnavailable, Refused
from tracker.log import logger
from tracker.maintenance.archive_months import Archive
from tracker.store import (
    archived_months,
    batch_jobs,
    partition_removal,
    partitions,
    retention_state,
    statistics_removals,
)
from tracker.store.database import Database, Transaction
from tracker.store.deletions import CLOCK, MAX_MONTHS, MONTHS, Deletions, PauseReason
from tracker.store.partitions import Month, Partition
from tracker.store.server_facts import server_time

JOB_TYPE = "drop_partitions"

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsHooks:
    """What the statistics have to say about months that go, and want to know of it."""

    is_final: Callable[[Database, Month], bool]
    """Whether nothing of the month waits to be counted."""
    note_removal: Callable[[Transaction, datetime], None]
    """Raw rows from before a time are about to go."""
    retire: Callable[[Database, Month], int]
    """They are gone: what was only needed to count on before this month may go too."""


def drop_old_partitions(
    database: Database,
    maintenance_url: str,
    clock: Clock,
    *,
    deletions: Deletions,
    retention_months: int,
    statistics: StatisticsHooks,
    archive: Archive | None = None,
    should_continue: Callable[[], bool] = lambda: True,
) -> list[Month]:
    """Drop the months that are over, the oldest first.

    The current month and `retention_months` whole ones before it stay; 0 keeps all. A month whose statistics are not
    final yet, or that cannot be archived, waits for the next turn; one that an operator brought back stays. Where more
    than MAX_MONTHS are over, none is dropped: time goes on by one month at a time, and what leaps is a clock or a
    setting. Returns the dropped months. Raises DatabaseUnavailable; what is half dropped then is finished by the next
    turn.
    """
    with database.transaction() as tx:
        retention_state.note_months(tx, retention_months)
    now = deletions.time()
    if now is None:
        return []
    with database.transaction() as tx:
        there = partitions.list_partitions(tx)
        restored = archived_months.brought_back(tx)
    first_kept = partitions.first_kept(now, retention_months)
    due = [month for month in expired(there, first_kept) if month not in restored]
    if first_kept and (refusal := _refusal(database, there, due, first_kept, retention_months)) is not None:
        deletions.refuse(MONTHS, refusal)
        return []
    deletions.permit(MONTHS)
    dropped = []
    for month in due:
        if not should_continue():
            break
        if not statistics.is_final(database, month):
            _log.warning("month not dropped, its statistics are not final yet", month=str(month))
            continue
        kept = archive if archive is not None and archive.is_kept(month, now) else None
        try:
            names = drop_month(
                database,
                maintenance_url,
                clock,
                month,
                statistics=statistics,
                archive=kept,
                should_continue=should_continue,
            )
        except (FactsUnavailable, Refused) as error:
            _log.warning("month not dropped, it cannot be archived", month=str(month), reason=str(error))
            break
        if names:
            dropped.append(month)
    if archive is not None:
        archive.forget_expired(now)
    return dropped


def expired(there: Sequence[Partition], first_kept: Month | None) -> list[Month]:
    """Return those months before `first_kept` of which either table has a partition, the oldest first."""
    if first_kept is None:
        return []
    return sorted({partition.month for partition in there if partition.month and partition.month < first_kept})


def _refusal(
    database: Database, there: Sequence[Partition], due: Sequence[Month], first_kept: Month, retention_months: int
) -> PauseReason | None:
    """Return why none of the months that are over is dropped; None where they may go."""
    if len(due) > MAX_MONTHS:
        sentence = (
            f"{len(due)} months, {due[0]} to {due[-1]}, are older than TRACKER_RETENTION_MONTHS={retention_months} "
            f"keeps. More than {MAX_MONTHS} at once is dropped at an operator's word only: see that the setting and "
            "the clocks are right, then run `python -m tracker partitions drop --expired`."
        )
        return PauseReason(f"{len(due)} months to {due[-1]}", sentence)
    if younger := rows_too_young(database, there, due, first_kept):
        sentence = (
            f"{younger} holds hits from {first_kept} or later, which its bounds do not allow: it is not dropped. "
            "`python -m tracker partitions list` shows the bounds."
        )
        return PauseReason(f"young rows in {younger}", sentence)
    return None


def drop_expired(
    database: Database,
    maintenance_url: str,
    clock: Clock,
    due: Sequence[Month],
    *,
    now: datetime,
    statistics: StatisticsHooks,
    on_step: Callable[[str], None],
    archive: Archive | None = None,
) -> list[Month]:
    """Drop months at an operator's word, who has thereby said that the time `now` is right; those that stay.

    A month stays where its statistics are not final yet. Raises DatabaseUnavailable.
    """
    with database.transaction() as tx:
        retention_state.note_deletion(tx, now)
    kept = []
    for month in due:
        if statistics.is_final(database, month):
            kept_files = archive if archive is not None and archive.is_kept(month, now) else None
            drop_month(
                database, maintenance_url, clock, month, statistics=statistics, archive=kept_files, on_step=on_step
            )
        else:
            kept.append(month)
    with database.transaction() as tx:
        for subject in (CLOCK, MONTHS):
            retention_state.withdraw_refusal(tx, subject)
    return kept


def rows_too_young(
    database: Database, there: Sequence[Partition], due: Sequence[Month], first_kept: Month
) -> str | None:
    """Name a partition of the months `due` that holds hits which are kept, whatever its bounds say."""
    with database.transaction() as tx:
        for partition in there:
            # Parameter values are younger than no hit of theirs, and have no index by time.
            if partition.table == partitions.TABLES[0] and partition.month in due:  # noqa: SIM102
                if partitions.holds_rows_since(tx, partition, first_kept.start):
                    return partition.name
    return None


def drop_month(
    database: Database,
    maintenance_url: str,
    clock: Clock,
    month: Month,
    *,
    statistics: StatisticsHooks,
    archive: Archive | None = None,
    should_continue: Callable[[], bool] = lambda: True,
    on_step: Callable[[str], None] = lambda _: None,
    on_day: Callable[[int, int], None] = lambda *_: None,
) -> list[str]:
    """Drop one month of both tables, whatever its age; the names of what was dropped. Raises DatabaseUnavailable.

    Whoever calls has asked whether its statistics are final. They are told before its first row goes, and when the
    last is gone. With an `archive` its files stay, which are made sure of before (FactsUnavailable, Refused: nothing is
    dropped); without one they go too.
    """
    started_at = clock.now()
    if archive is not None and not archive.keep(month, on_day=on_day, should_continue=should_continue):
        return []
    after = month.plus(1)
    with database.transaction() as tx:
        noted = statistics_removals.noted(tx)
        # A month ahead, made by mistake, takes no day of before with it.
        if month.start <= max(started_at, server_time(tx)):
            statistics.note_removal(tx, after.start)
    try:
        dropped = partition_removal.remove(
            maintenance_url,
            month,
            on_step=on_step,
            should_continue=should_continue,
            before=lambda connection: archive.let_go(connection, month) if archive is not None else None,
        )
    except Refused:
        # By the archive, which refuses before the first row goes: the days can be recounted as before.
        with database.transaction() as tx:
            statistics_removals.withdraw(tx, after.start.date(), noted)
        raise
    if archive is None:
        with database.transaction() as tx:
            archived_months.forget(tx, month)
    if dropped:
        _log.info("month dropped", month=str(month), tables=dropped)
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=len(dropped), started_at=started_at, completed_at=clock.now())
        statistics.retire(database, after)
    return dropped
