"""The columnar copy: an erasure is done when no file of it holds what was deleted, old ones on the disk included."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from tracker.erasure.work import Work
from tracker.errors import FactsUnavailable
from tracker.store import archive_erasures, archived_hits, archived_months, facts_files, facts_marks
from tracker.store.database import Transaction
from tracker.store.person_rows import Person

_PAUSE_SECONDS: Final = 0.5
_WAITS: Final = (
    "All of it is out of the tables. Waiting for the scheduler to take it out of the columnar copy (facts): see that "
    "`python -m tracker scheduler` runs. It may be broken off: the scheduler ends it."
)
_NO_ADDRESSES: Final = (
    "Archived months of which only facts are kept hold no addresses: in them nothing can be found by one, and nothing "
    "names anybody."
)


def wait_until_removed(work: Work, owner: Person, *, is_whole: bool = False) -> None:
    """Return when what was deleted from `access_logs` is in no file any more; with `is_whole`, when there is no file.

    The scheduler makes the files anew, and so does this process where it can. Raises FactsUnavailable where nobody can
    just now: the erasure is taken up again.
    """
    application_id = owner.application_id
    if not work.look(_is_copied):
        return
    last_mark = work.look(lambda tx: facts_marks.last(tx, application_id))
    _wait_while(work, lambda tx: facts_marks.waiting(tx, application_id, last_mark))
    last_file = work.look(lambda tx: facts_files.last(tx, application_id))
    _wait_while(work, lambda tx: facts_files.left(tx, application_id, last_file, whole=is_whole))
    _wait_while(work, lambda tx: archived_hits.left(tx, application_id))


def erase_archived(work: Work, person: Person) -> list[str]:
    """Have a person taken out of what is archived, and return when that is done; notes for the receipt.

    Raises FactsUnavailable where nobody can just now.
    """
    months = work.look(archived_months.look)
    if not months:
        return []
    erasure_id = work.claimed.id

    def count(tx: Transaction, counts: Counter[str]) -> bool:
        erased = archive_erasures.take(tx, erasure_id)
        if erased is not None:
            counts["archived_facts"] += erased[0]
            counts["archived_hits"] += erased[1]
        return erased is not None

    work.step(lambda tx, _: archive_erasures.ask(tx, erasure_id, person))
    while not work.step(count):
        work.write_facts()
        work.look(_demand_no_problem)
        work.pause(_PAUSE_SECONDS)
    if person.addresses and any(month.dropped_at is not None and not month.has_hits for month in months):
        return [_NO_ADDRESSES]
    return []


def _wait_while(work: Work, is_left: Callable[[Transaction], bool]) -> None:
    while work.look(is_left):
        work.write_facts()
        if work.look(is_left):
            work.look(_demand_no_problem)
            work.tell_once(_WAITS)
            work.pause(_PAUSE_SECONDS)


def _is_copied(tx: Transaction) -> bool:
    state = facts_files.folder(tx)
    return state is not None and state.id is not None


def _demand_no_problem(tx: Transaction) -> None:
    state = facts_files.folder(tx)
    if state is not None and state.problem is not None:
        raise FactsUnavailable(f"Everything else is erased; the facts are not, and the erasure waits: {state.problem}")
