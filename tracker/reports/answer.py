"""A question answered: which files, what they say, and what there was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from tracker.application import Application
from tracker.application_settings import SESSION_TIMEOUT_MINUTES
from tracker.facts.engine_connection import EngineRow
from tracker.reports.facts_of_days import FactsOfDays, ask_facts, site_of
from tracker.reports.old_days import is_summable, with_old_days
from tracker.reports.question import Question, question_of
from tracker.reports.readers import Readers
from tracker.reports.tallied import is_answered_by, rows_of
from tracker.store import statistics
from tracker.store.database import Database

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
    """Days (UTC), of the time before too, that have statistics and no facts, mostly since their rows were removed."""
    summed: bool
    """Whether requests, visitors and sessions have the numbers of each of these days added; else they are missing."""
    up_to_date: bool
    """Whether nothing that was stored or erased is still to come into the facts."""
    rows: list[dict[str, Any]]
    next_cursor: str | None


def read(
    database: Database,
    readers: Readers,
    *,
    app_id: str,
    given: Mapping[str, str | None],
    now: datetime,
    together: Sequence[Mapping[str, str | None]] = (),
) -> Report:
    """Answer what `question_of` reads. Raises Refused (400, 404, 503) and DatabaseUnavailable.

    `together` are the questions that are asked at the same time, this one among them: what their filters leave is read
    once for all of them.
    """
    application, site = site_of(database, app_id)
    question = question_of(given, site, now)
    rows, facts = _ask(database, readers, application, question, [question_of(one, site, now) for one in together])
    missing = facts.missing
    has_more = len(rows) > question.limit
    shown = rows[: question.limit]
    named = _named(question, shown)
    at = int(question.interval is not None)
    before = question.compared(tuple({row[at] for row in shown}) if question.dimensions else ())
    if before is not None:
        earlier, facts_before = _ask(database, readers, application, before)
        missing |= facts_before.missing
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
        exact=not missing,
        missing_days=len(missing),
        summed=bool(missing) and is_summable(question),
        up_to_date=not facts.is_waiting,
        rows=named,
        next_cursor=question.cursor_after(len(shown)) if has_more else None,
    )


def _ask(
    database: Database,
    readers: Readers,
    application: Application,
    question: Question,
    together: Sequence[Question] = (),
) -> tuple[list[EngineRow], FactsOfDays]:
    minutes = SESSION_TIMEOUT_MINUTES.value(application.settings)
    rows, facts = ask_facts(
        database,
        readers,
        application,
        question.days,
        lambda cursor, files: rows_of(
            question, cursor, readers.kept, files, timeout_minutes=minutes, together=together
        ),
        key=(question, minutes),
        is_answered_by=lambda tally: is_answered_by(tally, question, together, timeout_minutes=minutes),
    )
    rows = _of_no_facts(question) if rows is None else rows
    if facts.missing and is_summable(question):
        with database.transaction() as tx:
            counted = statistics.days(tx, application.id, min(facts.missing), max(facts.missing))
        old = {row["date"]: row for row in counted if row["date"] in facts.missing}
        rows = with_old_days(question, rows, old, _empty(question))
    return rows, facts


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
    by_time = {row[0]: row[1:] for row in rows}
    empty = _empty(question)
    return [{"time": title, **dict(zip(names, by_time.get(key, empty), strict=True))} for key, title in buckets]


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
    before_by_key = {(numbers.get(row[0], row[0]), *row[1:width]) if width else (): row[width:] for row in earlier}
    names = [measure.name for measure in question.measures]
    empty = _empty(question)
    keys: list[tuple[Any, ...]]
    if question.interval is not None and not question.dimensions:
        keys = [(number,) for number in range(len(named))]
    else:
        number_of = _numbers(question)
        keys = [(number_of.get(row[0], row[0]), *row[1:width]) if width else () for row in shown]
    for row, key in zip(named, keys, strict=True):
        row["before"] = dict(zip(names, before_by_key.get(key, empty), strict=True))


def _numbers(question: Question) -> dict[Any, int]:
    """Return the number of each interval by its key."""
    if question.interval is None:
        return {}
    return {key: number for number, (key, _) in enumerate(question.days.buckets(question.interval))}
