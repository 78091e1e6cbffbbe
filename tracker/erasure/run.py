"""One erasure from beginning to end, whoever asked for it: a command that waits, or the scheduler's turn."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

from tracker.clock import Clock
from tracker.erasure import application, imported, person
from tracker.erasure.copy import erase_archived, wait_until_removed
from tracker.erasure.identifiers import person_from
from tracker.erasure.work import Interrupted, TakenOver, Work
from tracker.log import logger
from tracker.queueing.connection import Connection
from tracker.store import batch_jobs, erasures
from tracker.store.database import Database
from tracker.store.person_rows import Person

JOB_TYPE = "erase"
_LOOK_SECONDS: Final = 1.0

_log = logger(__name__)


def erase(work: Work, redis: Connection) -> Mapping[str, int] | None:
    """Do what was asked for and leave the receipt; of a purged application only what this returns is left: the counts.

    Raises QueueUnavailable, DatabaseUnavailable, TakenOver, Interrupted: another process may go on then.
    """
    claimed = work.claimed
    owner = Person(application_id=claimed.application_id, app_id=claimed.app_id)
    counts = None
    if claimed.kind == "application":
        counts = application.purge(work, redis, owner)
    elif claimed.kind == "import":
        notes = imported.undo(work, redis, owner, int(claimed.identifiers["import"][0]))
        wait_until_removed(work, owner)
        work.finish(notes)
    else:
        somebody = person_from(claimed.application_id, claimed.app_id, claimed.identifiers)
        # Before and after: rows may go into an archive, or come back from it, while they are looked for.
        erase_archived(work, somebody)
        notes = person.erase(work, redis, somebody)
        notes += erase_archived(work, somebody)
        wait_until_removed(work, somebody)
        work.finish(notes)
    _log.info("erasure done", erasure=str(claimed.id), kind=claimed.kind, app_id=claimed.app_id)
    return counts


def erase_waiting(
    database: Database,
    redis: Connection,
    clock: Clock,
    *,
    owner: str,
    should_continue: Callable[[], bool] = lambda: True,
) -> int:
    """One turn: every erasure that nobody is working on; how many were done.

    Raises DatabaseUnavailable, QueueUnavailable.
    """
    done = 0
    while should_continue():
        started_at = clock.now()
        with database.transaction() as tx:
            claimed = erasures.claim(tx, owner=owner, now=started_at)
        if claimed is None:
            break
        if not _tried(Work(database, clock, claimed, owner=owner, should_continue=should_continue), redis):
            break
        done += 1
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=1, started_at=started_at, completed_at=clock.now())
    return done


def until_done(
    database: Database,
    redis: Connection,
    clock: Clock,
    erasure_id: UUID,
    *,
    owner: str,
    on_day: Callable[[int, int], None] = lambda *_: None,
    on_wait: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
    write_facts: Callable[[], object] = lambda: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Mapping[str, int] | None:
    """Do one erasure, or wait for the process that is at it (`on_wait` hears so once); go on where that one breaks off.

    `tell` hears what else it waits for. What `erase` returns, where it was this process that ended it.
    """
    told = False
    while True:
        with database.transaction() as tx:
            claimed = erasures.claim(tx, owner=owner, now=clock.now(), erasure_id=erasure_id)
            is_open = claimed is not None or erasures.is_open(tx, erasure_id)
        if claimed is not None:
            with suppress(TakenOver):
                work = Work(
                    database,
                    clock,
                    claimed,
                    owner=owner,
                    sleep=sleep,
                    on_day=on_day,
                    write_facts=write_facts,
                    tell=tell,
                )
                return erase(work, redis)
        elif not is_open:
            return None
        if not told:
            on_wait()
            told = True
        sleep(_LOOK_SECONDS)


def _tried(work: Work, redis: Connection) -> bool:
    try:
        erase(work, redis)
    except TakenOver:
        return False
    except Interrupted:
        work.give_back()
        return False
    return True
