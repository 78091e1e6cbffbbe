"""Where the facts of some days are now, and a question that is put to them."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final, TypeVar
from uuid import UUID

from tracker.application import Application
from tracker.application_settings import TIMEZONE, WEEK_START
from tracker.errors import FactsUnavailable, Refused, UnknownApplication
from tracker.facts.engine import Cursor, FactsChanged
from tracker.reports.question import ReportSettings
from tracker.reports.readers import Readers
from tracker.reports.tables import FactsRead
from tracker.reports.zone_days import ZoneDays
from tracker.store import applications, custom_parameter_definitions, facts_files, facts_marks, statistics
from tracker.store.database import Database
from tracker.store.facts_files import FactsFile

_TRIES: Final = 4
_RETRY_AFTER: Final = 30
_MOMENT: Final = timedelta(microseconds=1)
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class FactsOfDays:
    """What there is of some days."""

    files: Sequence[FactsFile]
    missing: frozenset[date]
    """Days (UTC) that have statistics and no facts."""
    is_waiting: bool
    """Whether something that was stored or erased is still to come into them."""

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
) -> tuple[list[_Row] | None, FactsOfDays]:
    """Ask the files that hold these days now; where one has just been replaced, those in its place.

    `question` gets a cursor and the files; it may be asked more than once.
    Without any file there is no answer. `key` says all that the answer depends on beside the files: it is not asked
    again before one of them is another. Raises Refused (503) and DatabaseUnavailable.
    """
    try:
        for left in reversed(range(_TRIES)):
            facts = _look(database, readers, application.id, days)
            if not facts.files:
                return None, facts
            kept = readers.answers.get(application.id, key, facts.files)
            if kept is not None:
                return kept, facts
            try:
                readers.check(facts.files)
                with readers.cursor(application.app_id) as cursor:
                    rows = question(cursor, _read(readers, facts.files, days))
            except FactsChanged:
                if not left:
                    raise
            else:
                readers.answers.put(application.id, key, facts.files, rows)
                return rows, facts
    except FactsUnavailable as error:
        raise Refused("SERVICE_UNAVAILABLE", 503, str(error), retry_after=_RETRY_AFTER) from error
    raise AssertionError("the last try ends in one way or the other")


def _read(readers: Readers, files: Sequence[FactsFile], days: ZoneDays) -> FactsRead:
    return FactsRead(
        paths=tuple(str(readers.folder.path / file.name) for file in files),
        parameters=frozenset(key for file in files for key in file.parameters),
        are_within=all(days.start <= file.start and file.end <= days.end for file in files),
    )


def _look(database: Database, readers: Readers, application_id: UUID, days: ZoneDays) -> FactsOfDays:
    first = days.start.astimezone(UTC).date()
    last = (days.end - _MOMENT).astimezone(UTC).date()
    with database.transaction() as tx:
        state = facts_files.folder(tx)
        files = [file for file in facts_files.of_days(tx, application_id, first, last) if file.has_visits]
        counted = statistics.days_with_hits(tx, application_id, first, last)
        is_waiting = facts_marks.waiting_of_days(tx, application_id, first, last)
    if state is None or state.id is None:
        problem = state.problem if state else None
        raise FactsUnavailable(problem or "There are no facts yet, which reports are made from: start the scheduler.")
    readers.folder.demand(state.id)
    return FactsOfDays(files, frozenset(counted - {file.date for file in files}), is_waiting)
