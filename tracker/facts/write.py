"""One turn of the copy: facts of marked hours are made anew, small files are merged, what was replaced is removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Final
from uuid import uuid5

from tracker.clock import Clock
from tracker.errors import FactsUnavailable
from tracker.facts import batch, pieces
from tracker.facts.batch import DayNotSmall, make_batch
from tracker.facts.day import Workspace, make_day, mend_day, merge_day
from tracker.facts.engine import FactsDamaged, FactsTookTooLong, FactsTooLarge
from tracker.facts.erase_archived import erase_archived
from tracker.facts.folder import Folder
from tracker.facts.hit_files import remove_replaced
from tracker.facts.pieces import DAY_FACTS
from tracker.log import logger
from tracker.privacy.places import NOWHERE, Places
from tracker.store import (
    archive_erasures,
    archived_hits,
    archived_months,
    facts_files,
    facts_marks,
    instance,
    partitions,
)
from tracker.store.database import Database
from tracker.store.facts_marks import FactsDay

_DAYS_AT_ONCE: Final = 200
_LEAST_DAYS: Final = 2
_MERGE_SECONDS: Final = 120.0
_MERGES_AT_ONCE: Final = 5
_SWEEP_SECONDS: Final = 60.0
_PUT_OFF_SECONDS: Final = 600.0
_TOO_MUCH: Final = (
    "The facts of a day need more memory or time than may be spent on them; those of other days are made. "
    "The scheduler's log names the day."
)

_log = logger(__name__)


@dataclass(slots=True)
class Writer:
    """What a process that writes facts holds."""

    database: Database
    folder: Folder
    clock: Clock
    places: Places = NOWHERE
    problem: str | None = ""
    """What was logged last and is so still; empty before the first turn."""
    collapsed_at: float = field(default=float("-inf"))
    failures: list[str] = field(default_factory=list)
    """Of the present turn: what keeps days from being made."""
    alone: set[FactsDay] = field(default_factory=set)
    """Days that failed, and are made with no others, after all others, until they do not."""
    put_off: dict[FactsDay, float] = field(default_factory=dict)
    """Days that needed too much, and until when they are not tried again: trying takes a minute of a core."""
    swept_at: float = field(default=float("-inf"))

    def turn(self, *, seconds: float = 20.0, should_continue: Callable[[], bool] = lambda: True) -> int:
        """Make what is marked until nothing is left or `seconds` are over; how many days' files were made.

        Where the folder cannot be written to, that is said once and noted for pages and `doctor`; counting goes on,
        and what is marked waits.
        """
        self.failures = []
        made = 0
        try:
            self._demand_folder()
            made = self._turn(self.clock.monotonic() + seconds, should_continue)
            self._note(self.failures[0] if self.failures else _TOO_MUCH if self.put_off else None)
        except FactsUnavailable as error:
            self._note(str(error))
        return made

    def turn_if_ours(self) -> int:
        """Do the same for a process beside the scheduler, which may see another folder; do nothing without one."""
        with self.database.transaction() as tx:
            state = facts_files.folder(tx)
        try:
            is_ours = state is not None and state.id is not None and self.folder.id() == state.id
        except FactsUnavailable:
            return 0
        return self.turn() if is_ours else 0

    def _turn(self, deadline: float, should_continue: Callable[[], bool]) -> int:
        made = 0
        done: set[FactsDay] = set()
        self._erase_archived()
        self.put_off = {day: until for day, until in self.put_off.items() if until > self.clock.monotonic()}
        while should_continue() and self.clock.monotonic() < deadline:
            with self.database.transaction() as tx:
                # What arrives while a day is made waits for the next turn: else a busy day would be made all the time.
                passed_over = done | self.put_off.keys()
                waiting = facts_marks.days(tx, limit=_DAYS_AT_ONCE + len(passed_over))
                days = [day for day in waiting if day not in passed_over]
                small = facts_marks.small(tx, days, hours=batch.HOURS, facts=pieces.PIECE_FACTS)
            if not days:
                break
            together = [day for day in days if day in small and day not in self.alone]
            while together and should_continue() and self.clock.monotonic() < deadline:
                made += self._make_batch(together[: batch.DAYS], done)
                together = together[batch.DAYS :]
            days = sorted((day for day in days if day not in done), key=self.alone.__contains__)
            with Workspace.open(self.folder, self.places) as space:
                for day in days:
                    if not should_continue() or self.clock.monotonic() >= deadline:
                        break
                    made += self._make_day(space, day, done)
            self.remove_replaced()
            if self.failures:
                break
        if should_continue():
            self.remove_replaced()
            if self.clock.monotonic() - self.swept_at >= _SWEEP_SECONDS:
                self._sweep()
                made += self._merge(deadline, should_continue)
        return made

    def _erase_archived(self) -> None:
        with self.database.transaction() as tx:
            if not archive_erasures.waiting(tx):
                return
        with Workspace.open(self.folder, self.places) as space:
            # What keeps somebody in an archived file keeps no hit of others out of the facts.
            self.failures += erase_archived(self.database, space)

    def _make_batch(self, days: Sequence[FactsDay], done: set[FactsDay]) -> int:
        """Make small days together; where that fails, each half of them. Those that are left are to be made alone."""
        if len(days) < _LEAST_DAYS:
            return 0
        try:
            with Workspace.open(self.folder, self.places) as space:
                made = make_batch(self.database, space, days, self.clock.now().astimezone(UTC))
        except DayNotSmall as error:
            return self._make_batch([day for day in days if day != error.day], done)
        except (FactsDamaged, FactsTooLarge, FactsTookTooLong):
            half = len(days) // 2
            return self._make_batch(days[:half], done) + self._make_batch(days[half:], done)
        except FactsUnavailable as error:
            # Nothing can be written, or the engine's process has ended: the first day alone says the same, or does not.
            _log.warning("facts of several days not made together", days=len(days), reason=str(error))
            return 0
        done.update(made)
        return len(made)

    def _make_day(self, space: Workspace, day: FactsDay, done: set[FactsDay]) -> int:
        """Make a day.

        One whose files are damaged or gone is made from the rows alone, with the next turn; one that needs too much is
        put off.
        """
        try:
            if make_day(self.database, space, day, self.clock.now().astimezone(UTC)):
                done.add(day)
            self.alone.discard(day)
        except FactsDamaged as error:
            self.alone.add(day)
            self._mend_day(day, error)
            return 0
        except (FactsTooLarge, FactsTookTooLong) as error:
            # Whoever sends hits that take so much holds up no other application, and no other day.
            self.alone.add(day)
            self.put_off[day] = self.clock.monotonic() + _PUT_OFF_SECONDS
            _log.warning("facts of a day put off", application=str(day[0]), date=str(day[1]), reason=str(error))
            return 0
        return 1

    def _mend_day(self, day: FactsDay, error: FactsDamaged) -> None:
        mended = mend_day(self.database, self.folder, day)
        _log.warning("facts of a day not made", application=str(day[0]), date=str(day[1]), damaged_files=mended)
        if not mended:
            self.failures.append(str(error))

    def _demand_folder(self) -> None:
        with self.database.transaction() as tx:
            state = facts_files.folder(tx)
        if state is None or state.id is None:
            adopt(self.database, self.folder)
        else:
            self.folder.demand(state.id)

    def _note(self, problem: str | None) -> None:
        if problem is not None and self.clock.monotonic() - self.collapsed_at >= _SWEEP_SECONDS:
            # Nobody takes marks away now, and each batch of hits adds some.
            self.collapsed_at = self.clock.monotonic()
            with self.database.transaction() as tx:
                facts_marks.collapse(tx)
        if problem == self.problem:
            return
        with self.database.transaction() as tx:
            facts_files.note_problem(tx, problem)
        if problem is not None:
            _log.warning("facts not written", reason=problem)
        elif self.problem:
            _log.info("facts are written again")
        self.problem = problem

    def remove_replaced(self, seconds: float | None = None) -> None:
        """Remove files from the disk that were taken out of the copy so long ago, or as long as the folder asks for."""
        seconds = self.folder.grace_seconds if seconds is None else seconds
        while True:
            with self.database.transaction() as tx:
                files = facts_files.replaced(tx, seconds=seconds, limit=_DAYS_AT_ONCE)
            for _, name in files:
                self.folder.remove(name)
            with self.database.transaction() as tx:
                facts_files.delete(tx, [number for number, _ in files])
            with self.database.transaction() as tx:
                removed = remove_replaced(self.folder, tx, limit=_DAYS_AT_ONCE)
            if len(files) < _DAYS_AT_ONCE and removed < _DAYS_AT_ONCE:
                return

    def _sweep(self) -> None:
        """Take months out that are gone, and remove what killed writers have left."""
        with self.database.transaction() as tx:
            months = {partition.month for partition in partitions.list_partitions(tx) if partition.month}
            months |= {archived.month for archived in archived_months.look(tx)}
            facts_files.replace_all_but(tx, sorted(map(str, months)))
        self.folder.remove_leftovers(self._known)
        self.swept_at = self.clock.monotonic()

    def _known(self, names: list[str]) -> set[str]:
        with self.database.transaction() as tx:
            return facts_files.known(tx, names) | archived_hits.known(tx, names)

    def _merge(self, deadline: float, should_continue: Callable[[], bool]) -> int:
        today = self.clock.now().astimezone(UTC).date()
        with self.database.transaction() as tx:
            crowded = facts_files.crowded(tx, today - timedelta(days=1))
            days = facts_files.in_pieces(
                tx, today=today, seconds=_MERGE_SECONDS, facts=DAY_FACTS, limit=_MERGES_AT_ONCE
            )
        merged = 0
        for day, now in [*((day, self.clock.now()) for day in crowded), *((day, None) for day in days)]:
            with Workspace.open(self.folder, self.places) as space:
                try:
                    while should_continue() and self.clock.monotonic() < deadline:
                        if not merge_day(self.database, space, day, now):
                            break
                        merged += 1
                except FactsDamaged as error:
                    self._mend_day(day, error)
        return merged


def adopt(database: Database, folder: Folder) -> None:
    """Begin a copy in a folder that has none: everything that was ever counted is made. Raises FactsUnavailable.

    The folder's first name is made of what tells this database from all others. So it is known again after a process
    that was killed, or lost the database, when the folder had its name and the database did not have it yet.
    """
    with database.transaction() as tx:
        identity = instance.get(tx).database
    folder_id = uuid5(identity.id, f"facts of {identity.oid} on {identity.system_identifier}")
    folder.found(folder_id)
    with database.transaction() as tx:
        facts_files.put_folder(tx, folder_id)
        facts_marks.mark_counted(tx)
    _log.info("facts begin", folder=folder.place)
