"""Where the facts of some days are now, and a question that is put to them."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from typing import Final, Generic, TypeVar
from uuid import UUID

from tracker.application import Application
from tracker.application_settings import TIMEZONE, WEEK_START
from tracker.errors import FactsUnavailable, Refused, UnknownApplication
from tracker.facts.engine import Cursor, FactsChanged, FactsDamaged
from tracker.log import logger
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.reports.question import ReportSettings
from tracker.reports.readers import Readers, tally_of
from tracker.reports.tally import Tally
from tracker.reports.zone_days import ZoneDays
from tracker.store import (
    applications,
    custom_parameter_definitions,
    facts_files,
    facts_marks,
    facts_tallies,
    statistics,
)
from tracker.store.database import Database
from tracker.store.facts_files import FactsFile
from tracker.store.facts_tallies import TallyRow

_TRIES: Final = 4
_RETRY_AFTER: Final = 30
_MOMENT: Final = timedelta(microseconds=1)
_Row = TypeVar("_Row")

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class FactsOfDays:
    """What there is of some days."""

    files: Sequence[FactsFile]
    missing: frozenset[date]
    """Days (UTC) that have statistics and no facts."""
    is_waiting: bool
    """Whether something that was stored or erased is still to come into them."""
    tally: TallyRow | None = None
    """The tally of some of them."""

    @property
    def missing_days(self) -> int:
        return len(self.missing)


def site_of(database: Database, app_id: str) -> tuple[Application, ReportSettings]:
    """Return an application and what its settings say about its reports.

    Raises UnknownApplication, DatabaseUnavailable.
    """
    with database.transaction() as tx:
        application = applications.find(tx, app_id)
        if application is None:
            raise UnknownApplication(app_id)
        definitions = custom_parameter_definitions.by_application(tx, [application.id]).get(application.id, ())
    return application, ReportSettings(
        TIMEZONE.value(application.settings), WEEK_START.value(application.settings) == "sunday", definitions
    )


def ask_facts(
    database: Database,
    readers: Readers,
    application: Application,
    days: ZoneDays,
    question: Callable[[Cursor, FactsRead], list[_Row]],
    *,
    key: Hashable,
    is_answered_by: Callable[[Tally], bool] = lambda _: False,
) -> tuple[list[_Row] | None, FactsOfDays]:
    """Ask the files that hold these days now; where one has just been replaced, those in its place.

    `question` gets a cursor and the files; it may be asked more than once.
    Without any file there is no answer. `key` says all that the answer depends on beside the files: it is not asked
    again before one of them is another. A tally is fetched, some megabytes, only for a question that is answered by it:
    most filters are about hits. Raises Refused (503) and DatabaseUnavailable.
    """
    asked = _Asked(database, readers, application, days, question)
    try:
        return _ask(asked, key, is_answered_by)
    except FactsUnavailable as error:
        raise Refused("SERVICE_UNAVAILABLE", 503, str(error), retry_after=_RETRY_AFTER) from error


@dataclass(frozen=True, slots=True)
class _Asked(Generic[_Row]):
    """A question about some days, and who is asked."""

    database: Database
    readers: Readers
    application: Application
    days: ZoneDays
    question: Callable[[Cursor, FactsRead], list[_Row]]

    def rows(self, facts: FactsOfDays, tally_row: TallyRow | None) -> list[_Row]:
        """Ask these files, and this tally of some of them. Raises FactsUnavailable."""
        self.readers.checks.check(facts.files)
        read = _read(self.readers, facts, self.days)
        with (
            self.readers.kept.passing.hold(read.paths, tally_row and tally_row.id),
            self.readers.tally(tally_row, self._content) as tally,
        ):
            asked = replace(read, tally=tally)
            return self.readers.answer(self.application.app_id, lambda cursor: self.question(cursor, asked))

    def _content(self, row: TallyRow) -> bytes | None:
        with self.database.transaction() as tx:
            kept = facts_tallies.content(tx, row.id)
        if kept is not None and not kept.is_whole:
            _forget(self.database, self.application, row, "its content is not as it was noted")
            return None
        return None if kept is None else kept.body


def _ask(
    asked: _Asked[_Row], key: Hashable, is_answered_by: Callable[[Tally], bool]
) -> tuple[list[_Row] | None, FactsOfDays]:
    application, answers = asked.application, asked.readers.answers
    distrusted: TallyRow | None = None
    for left in reversed(range(_TRIES)):
        facts = _look(asked.database, asked.readers, application.id, asked.days)
        if not facts.files:
            return None, facts
        kept = answers.get(application.id, key, facts.files)
        if kept is not None:
            return kept, facts
        usable = facts.tally if distrusted is None else None
        tally_row = usable if usable and is_answered_by(tally_of(usable)) else None
        try:
            rows = asked.rows(facts, tally_row)
        except FactsDamaged as error:
            has_changed = isinstance(error, FactsChanged)
            if not left or not (has_changed or tally_row):
                raise
            if not has_changed or left == 1:
                distrusted = tally_row  # Whether it is the tally or a file of the facts is seen without the former.
        else:
            if distrusted is not None:
                _forget(asked.database, application, distrusted, "it cannot be read, and the facts can")
            answers.put(application.id, key, facts.files, rows)
            return rows, facts
    raise AssertionError("the last try ends in one way or the other")


def _forget(database: Database, application: Application, row: TallyRow, reason: str) -> None:
    """Forget a tally that is damaged: the scheduler makes another one, and until then questions are asked as usual."""
    with database.transaction() as tx:
        if facts_tallies.remove(tx, row.id):
            _log.warning("tally damaged, to be made anew", app_id=application.app_id, reason=reason)


def _read(readers: Readers, facts: FactsOfDays, days: ZoneDays) -> FactsRead:
    files = facts.files
    return FactsRead(
        paths=tuple(str(readers.folder.path / file.name) for file in files),
        parameters=frozenset(key for file in files for key in file.parameters),
        are_within=all(days.start <= file.start and file.end <= days.end for file in files),
        ranges=tuple(TimeRange(file.start, file.end) for file in files),
    )


def _look(database: Database, readers: Readers, application_id: UUID, days: ZoneDays) -> FactsOfDays:
    first = days.start.astimezone(UTC).date()
    last = (days.end - _MOMENT).astimezone(UTC).date()
    with database.transaction() as tx:
        state = facts_files.folder(tx)
        files = [file for file in facts_files.of_days(tx, application_id, first, last) if file.has_visits]
        counted = statistics.days_with_hits(tx, application_id, first, last)
        is_waiting = facts_marks.waiting_of_days(tx, application_id, first, last)
        # After the files: where one of them has changed since they were read, its tally is gone.
        tally = facts_tallies.find(tx, application_id)
    if state is None or state.id is None:
        problem = state.problem if state else None
        raise FactsUnavailable(problem or "There are no facts yet, which reports are made from: start the scheduler.")
    readers.folder.demand(state.id)
    return FactsOfDays(files, frozenset(counted - {file.date for file in files}), is_waiting, tally)
