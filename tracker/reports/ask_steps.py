"""Questions about goals and funnels put to the facts of some days: to a tally where it has them, else to all hits."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import NamedTuple

from tracker.application_settings import SESSION_TIMEOUT_MINUTES
from tracker.facts.engine import Cursor
from tracker.facts.engine_connection import EngineRow
from tracker.goal import GoalStep
from tracker.reports.facts_of_days import FactsOfDays, ask_facts, site_of
from tracker.reports.facts_read import FactsRead
from tracker.reports.readers import Readers
from tracker.reports.step_tallies import TalliedSteps
from tracker.reports.steps import OF_VISITS
from tracker.reports.tables import are_of_whole_slots
from tracker.reports.tallied_steps import TalliedAnswer, has_steps
from tracker.reports.visits import for_a_page
from tracker.reports.zone_days import ZoneDays
from tracker.store.database import Database


class StepQuestion(NamedTuple):
    """What is asked of the facts of some days."""

    days: ZoneDays
    tallied: TalliedSteps | None
    """What a tally has to have for an answer; None where it has not what is asked."""
    together: Sequence[GoalStep]
    """Steps that are asked about at the same time, these among them."""
    by_tally: Callable[[TalliedAnswer], list[EngineRow] | None]
    by_facts: Callable[[FactsRead, str], tuple[str, list[object]]]
    """The statement, which gets the table of visits of several parts."""


def ask_steps(
    database: Database, readers: Readers, question: StepQuestion, *, app_id: str, key: tuple[Hashable, ...]
) -> tuple[list[EngineRow] | None, FactsOfDays]:
    """Ask as `ask_facts` does. Raises Refused (404, 503) and DatabaseUnavailable."""
    application, _ = site_of(database, app_id)
    minutes = SESSION_TIMEOUT_MINUTES.value(application.settings)
    days, asked = question.days, question.tallied
    of_parts, names = are_of_whole_slots(days), for_a_page(OF_VISITS)
    together = tuple(dict.fromkeys(question.together))

    def rows(cursor: Cursor, files: FactsRead) -> list[EngineRow]:
        if files.tally is not None:
            answer = TalliedAnswer(cursor, readers.kept, files, files.tally, days, minutes, together)
            told = question.by_tally(answer)
            if told is not None:
                return told
        # It is the table that the dashboard's other pages ask about these days.
        with readers.kept.gathered.table(
            cursor, replace(files, tally=None), days, timeout_minutes=minutes, of_parts=of_parts, names=names
        ) as gathered:
            return cursor.rows(*question.by_facts(files, gathered))

    return ask_facts(
        database,
        readers,
        application,
        days,
        rows,
        key=(*key, days, minutes),
        is_answered_by=lambda tally: asked is not None and has_steps(tally, asked, days, timeout_minutes=minutes),
    )
