"""Funnels: in how many visits the first step was taken, in how many of these the second after it, and so on.

A later step counts where its time is later than that of the one before; other hits may lie between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.application_settings import SESSION_TIMEOUT_MINUTES
from tracker.goal import GoalStep
from tracker.reports.facts_of_days import ask_facts, site_of
from tracker.reports.facts_read import FactsRead
from tracker.reports.readers import Readers
from tracker.reports.steps import condition_of, hits_with_visits
from tracker.reports.zone_days import ZoneDays
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class FunnelReport:
    """All visits, and by step those that came so far."""

    visits: int
    reached: tuple[int, ...]
    exact: bool
    up_to_date: bool

    @property
    def before(self) -> tuple[int | None, ...]:
        """Return by step how many took the one before it; None for the first."""
        return (None, *self.reached[:-1])


def read(
    database: Database, readers: Readers, *, app_id: str, steps: Sequence[GoalStep], days: ZoneDays
) -> FunnelReport:
    """Return how far the visits of some days came. Raises Refused (404, 503) and DatabaseUnavailable."""
    application, _ = site_of(database, app_id)
    minutes = SESSION_TIMEOUT_MINUTES.value(application.settings)
    rows, facts = ask_facts(
        database,
        readers,
        application,
        days,
        lambda cursor, files: cursor.rows(*statement_of(steps, days, files, timeout_minutes=minutes)),
        key=(__name__, tuple(steps), days, minutes),
    )
    visits, *reached = rows[0] if rows else (0, *(0 for _ in steps))
    return FunnelReport(visits, tuple(reached), exact=not facts.missing_days, up_to_date=not facts.is_waiting)


def statement_of(
    steps: Sequence[GoalStep], days: ZoneDays, files: FactsRead, *, timeout_minutes: int
) -> tuple[str, list[object]]:
    """Return the statement and its values; its one row has the visits and those of each step.

    The earliest hit that can be a step is taken for it: whoever takes a later one gets no further.
    """
    tables, params = hits_with_visits(files, days, timeout_minutes=timeout_minutes)
    matches = []
    for number, step in enumerate(steps):
        condition, value = condition_of(step)
        matches.append(f"{condition} AS m{number}")
        params.append(value)
    taken = ["reached0 AS (SELECT visit, min(time) AS at FROM steps WHERE m0 GROUP BY visit)"]
    for number in range(1, len(steps)):
        before = f"reached{number - 1}"
        taken.append(
            f"reached{number} AS (SELECT visit, min(time) AS at FROM steps JOIN {before} USING (visit) "  # noqa: S608
            f"WHERE m{number} AND time > {before}.at GROUP BY visit)"
        )
    counts = ", ".join(f"(SELECT count(*) FROM reached{number})" for number in range(len(steps)))  # noqa: S608
    text = f"""
        WITH {tables},
        matched AS MATERIALIZED (SELECT visit, time, {", ".join(matches)} FROM with_visit),
        steps AS (SELECT * FROM matched WHERE {" OR ".join(f"m{number}" for number in range(len(steps)))}),
        {", ".join(taken)}
        SELECT (SELECT count(DISTINCT visit) FROM matched), {counts}
    """  # noqa: S608 our own names; every value has its place
    return text, params
