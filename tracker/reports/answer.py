"""A question answered: which files, what they say, and what there was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tracker.application import Application
from tracker.application_settings import SESSION_TIMEOUT_MINUTES, TIMEZONE, WEEK_START
from tracker.errors import FactsUnavailable, Refused, UnknownApplication
from tracker.facts.engine import Cursor, EngineRow, FactsChanged
from tracker.reports.question import Question, ReportSettings, question_of
from tracker.reports.readers import Readers
from tracker.reports.statement import statement_of
from tracker.store import applications, custom_parameter_definitions, facts_files, facts_marks, statistics
from tracker.store.database import Database
from tracker.store.facts_files import FactsFile

_TRIES: Final = 4
_RETRY_AFTER: Final = 30
_MOMENT: Final = timedelta(microseconds=1)
_COUNTS: Final = ("requests", "page_views", "visitors", "sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The rows of a question, and what to know of them."""

    app_id: str
    start_date: date
    end_date: date
    timezone: str
    measures: tuple[str, ...]
    dimensions: tuple[str, ...]
    interval: str | None
    compare: str | None
    compared_from: date | None
    compared_to: date | None
    exact: bool
    """Whether every day that has hits has its facts: then visitors and sessions are exact."""
    missing_days: int
    """Days (UTC) that have statistics and no facts, mostly since their rows were removed."""
    up_to_date: bool
    """Whether nothing that was stored or erased is still to come into the facts."""
    rows: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What there is of some days."""

    files: Sequence[FactsFile]
    missing_days: int
    is_waiting: bool


def read(
    database: Database, readers: Readers, *, app_id: str, given: Mapping[str, str | None], now: datetime
) -> Report:
    """Answer what `question_of` reads. Raises Refused (400, 404, 503) and DatabaseAway."""
    with database.transaction() as tx:
        application = applications.find(tx, app_id)
        if application is None:
            raise UnknownApplication(app_id)
        definitions = custom_parameter_definitions.by_application(tx, [application.id]).get(application.id, ())
    site = ReportSettings(
        TIMEZONE.value(application.settings), WEEK_START.value(application.settings) == "sunday", definitions
    )
    question = question_of(given, site, now)
    try:
        return _answer(database, readers, application, question)
    except FactsUnavailable as error:
        raise Refused("SERVICE_UNAVAILABLE", 503, str(error), retry_after=_RETRY_AFTER) from error


def _answer(database: Database, readers: Readers, application: Application, question: Question) -> Report:
    rows, facts = _ask(database, readers, application, question)
    has_more = len(rows) > question.limit
    shown = rows[: question.limit]
    named = _named(question, shown)
    at = int(question.interval is not None)
    before = question.compared(tuple({row[at] for row in shown}) if question.dimensions else ())
    if before is not None:
        earlier, _ = _ask(database, readers, application, before)
        _compare(question, before, named, shown, earlier)
    return Report(
        app_id=application.app_id,
        start_date=question.days.first,
        end_date=question.days.last,
        timezone=question.days.zone,
        measures=tuple(measure.name for measure in question.measures),
        dimensions=tuple(dimension.name for dimension in question.dimensions),
        interval=question.interval,
        compare=question.compare,
        compared_from=before.days.first if before else None,
        compared_to=before.days.last if before else None,
        exact=not facts.missing_days,
        missing_days=facts.missing_days,
        up_to_date=not facts.is_waiting,
        rows=named,
        next_cursor=question.cursor_after(len(shown)) if has_more else None,
    )


def _ask(
    database: Database, readers: Readers, application: Application, question: Question
) -> tuple[list[EngineRow], _Facts]:
    """Ask the files that hold these days now; where one has just been replaced, those in its place."""
    for left in reversed(range(_TRIES)):
        facts = _look(database, readers, application.id, question)
        if not facts.files:
            return _of_no_facts(question), facts
        try:
            for file in facts.files:
                readers.check(file)
            with readers.cursor(application.app_id) as cursor:
                return _rows(cursor, readers, application, question, facts.files), facts
        except FactsChanged:
            if not left:
                raise
    raise AssertionError("the last try ends in one way or the other")


def _look(database: Database, readers: Readers, application_id: UUID, question: Question) -> _Facts:
    first = question.days.start.astimezone(UTC).date()
    last = (question.days.end - _MOMENT).astimezone(UTC).date()
    with database.transaction() as tx:
        state = facts_files.folder(tx)
        files = facts_files.of_days(tx, application_id, first, last)
        counted = statistics.days_with_hits(tx, application_id, first, last)
        is_waiting = facts_marks.waiting_of_days(tx, application_id, first, last)
    if state is None or state.id is None:
        problem = state.problem if state else None
        raise FactsUnavailable(problem or "There are no facts yet, which reports are made from: start the scheduler.")
    readers.folder.demand(state.id)
    return _Facts(files, len(counted - {file.date for file in files}), is_waiting)


def _rows(
    cursor: Cursor, readers: Readers, application: Application, question: Question, files: Sequence[FactsFile]
) -> list[EngineRow]:
    paths = [str(readers.folder.path / file.name) for file in files]
    known = {key for file in files for key in file.parameters}
    minutes = SESSION_TIMEOUT_MINUTES.value(application.settings)
    text, params = statement_of(question, paths, known, timeout_minutes=minutes)
    return cursor.rows(text, params)


def _of_no_facts(question: Question) -> list[EngineRow]:
    """Return the row of the whole, or no group."""
    if question.dimensions or question.interval is not None:
        return []
    return [_empty(question)]


def _empty(question: Question) -> EngineRow:
    """Return what no hit comes to."""
    return tuple(0 if measure.name in _COUNTS else None for measure in question.measures)


def _named(question: Question, rows: Sequence[EngineRow]) -> list[dict[str, Any]]:
    """Return rows by name; of intervals without a dimension every one has a row."""
    names = [dimension.name for dimension in question.dimensions] + [measure.name for measure in question.measures]
    if question.interval is None:
        return [dict(zip(names, row, strict=True)) for row in rows]
    buckets = question.days.buckets(question.interval)
    titles = dict(buckets)
    if question.dimensions:
        return [{"time": titles[row[0]], **dict(zip(names, row[1:], strict=True))} for row in rows]
    found = {row[0]: row[1:] for row in rows}
    empty = _empty(question)
    return [{"time": title, **dict(zip(names, found.get(key, empty), strict=True))} for key, title in buckets]


def _compare(
    question: Question,
    before: Question,
    named: list[dict[str, Any]],
    shown: Sequence[EngineRow],
    earlier: Sequence[EngineRow],
) -> None:
    """Add to each row, as `before`, what the same was in the time to compare with; intervals by their number."""
    width = len(question.dimensions) + (question.interval is not None)
    numbers = _numbers(before)
    found = {(numbers.get(row[0], row[0]), *row[1:width]) if width else (): row[width:] for row in earlier}
    names = [measure.name for measure in question.measures]
    empty = _empty(question)
    keys: list[tuple[Any, ...]]
    if question.interval is not None and not question.dimensions:
        keys = [(number,) for number in range(len(named))]
    else:
        own = _numbers(question)
        keys = [(own.get(row[0], row[0]), *row[1:width]) if width else () for row in shown]
    for row, key in zip(named, keys, strict=True):
        row["before"] = dict(zip(names, found.get(key, empty), strict=True))


def _numbers(question: Question) -> dict[Any, int]:
    """Return the number of each interval by its key."""
    if question.interval is None:
        return {}
    return {key: number for number, (key, _) in enumerate(question.days.buckets(question.interval))}
