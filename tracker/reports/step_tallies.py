"""What a tally says of goals and funnels: by day how many visits reached them, and where these came from. As SQL; pure.

A goal (kind `goal page:/thanks`) has, by day and source of visits, the hits and the visits that reached it; a funnel
(kind `funnel ` and its steps, a line each) by day and step the visits that came so far: of visits that lie within one
day. Those of several days have rows with their number, as `several` has it: of a goal a row for each of their days, of
a funnel one for each time of a step. So any run of days cuts them where it begins and ends.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tracker.facts.engine import text
from tracker.goal import GoalStep
from tracker.reports.buckets import bucket_of
from tracker.reports.facts_read import FactsRead
from tracker.reports.steps import OF_VISITS, hits_that_are, marks_of, reached_tables
from tracker.reports.tables import visits_of
from tracker.reports.tallies import SEVERAL
from tracker.reports.tally import Tally
from tracker.reports.visits import RAW, arrival_by
from tracker.reports.zone_days import ZoneDays

MAX_OF_SEVERAL: Final = 200_000
"""Rows of visits of several days up to which a goal or a funnel has a tally: of lasting sessions they could be many."""
MAX_OF_ALL: Final = 1_000_000
"""The same for all of them together."""
CREATE: Final = """
    CREATE OR REPLACE TEMP TABLE steps_of_several (
        kind VARCHAR, value VARCHAR, day DATE, number BIGINT, begins TIMESTAMP, requests BIGINT
    )
"""
NUMBERS: Final = """
    CREATE OR REPLACE TEMP TABLE step_numbers AS SELECT key, row_number() OVER (ORDER BY key) AS number
    FROM (SELECT key FROM theirs GROUP BY key HAVING min(day) <> max(day))
"""
"""Those that the visits of several days have in the tally, too."""
_GOAL: Final = "goal "
_FUNNEL: Final = "funnel "
_SQL = tuple[str, list[object]]
"""A statement or a query, and the values of its places."""


@dataclass(frozen=True, slots=True)
class TalliedSteps:
    """Goals and funnels that a tally has, each once."""

    goals: tuple[GoalStep, ...] = ()
    funnels: tuple[tuple[GoalStep, ...], ...] = ()

    @classmethod
    def of(cls, goals: Iterable[GoalStep], funnels: Iterable[Sequence[GoalStep]]) -> "TalliedSteps":
        """Return these, each once."""
        return cls(tuple(dict.fromkeys(goals)), tuple(dict.fromkeys(map(tuple, funnels))))

    @classmethod
    def of_kinds(cls, kinds: Collection[str]) -> "TalliedSteps":
        """Return those of the kinds of a tally."""
        goals = (kind.removeprefix(_GOAL) for kind in kinds if kind.startswith(_GOAL))
        funnels = (kind.removeprefix(_FUNNEL).split("\n") for kind in kinds if kind.startswith(_FUNNEL))
        return cls.of(map(GoalStep.read, goals), (tuple(map(GoalStep.read, steps)) for steps in funnels))

    @property
    def kinds(self) -> list[str]:
        return [*map(kind_of_goal, self.goals), *map(kind_of_funnel, self.funnels)]

    def without(self, kinds: Collection[str]) -> "TalliedSteps":
        """Return those that are none of these kinds."""
        return self.of_kinds([kind for kind in self.kinds if kind not in kinds])

    def fitting(self, rows: Mapping[str, int], *, most: int) -> "TalliedSteps":
        """Return those that together have at most so many rows, by kind; the largest are left out first."""
        left, too_many = most, set()
        for kind in sorted(self.kinds, key=lambda kind: rows.get(kind, 0)):
            left -= rows.get(kind, 0)
            if left < 0:
                too_many.add(kind)
        return self.without(too_many)

    @property
    def marks(self) -> dict[GoalStep, str]:
        """Return by step the column that says of a hit whether it is this one."""
        return marks_of([*self.goals, *(step for steps in self.funnels for step in steps)])


def kind_of_goal(step: GoalStep) -> str:
    """Return which kind of a tally tells a goal."""
    return f"{_GOAL}{step}"


def kind_of_funnel(steps: Sequence[GoalStep]) -> str:
    """Return which kind of a tally tells a funnel."""
    return _FUNNEL + "\n".join(map(str, steps))


def hits_counted(asked: TalliedSteps, files: FactsRead, days: ZoneDays) -> _SQL:
    """Return the query of how many hits are some of these steps."""
    hits, params = hits_that_are([*asked.marks], *files.hits(days), columns="time")
    return f"SELECT count(*) FROM ({hits})", params  # noqa: S608 our own names


def share_inserted(
    asked: TalliedSteps, files: FactsRead, days: ZoneDays, parts: _SQL, *, share: int, shares: int
) -> Iterator[_SQL]:
    """Yield the statements that add one share of all visits to the tally; `parts` are those of all visits.

    The tables `gathered` and `step_numbers` have the visits of several parts, and of several days.
    """
    columns = f"{RAW} AS raw, time, {bucket_of(days, 'day')} AS day"
    hits, params = hits_that_are([*asked.marks], *files.hits(days), columns=columns)
    yield (
        f"""
        CREATE OR REPLACE TEMP TABLE step_hits AS
        SELECT hits.* EXCLUDE (raw), number, coalesce(gathered.key, raw) AS key
        FROM ({hits}) AS hits LEFT JOIN (SELECT raw, key FROM gathered) AS gathered USING (raw)
            LEFT JOIN step_numbers ON step_numbers.key = gathered.key
        WHERE coalesce(gathered.key, raw) % {shares} = {share}
        """,  # noqa: S608 our own names
        params,
    )
    if asked.goals:
        is_goal = " OR ".join(asked.marks[step] for step in asked.goals)
        query, values = parts
        yield (
            f"""
            CREATE OR REPLACE TEMP TABLE step_visits AS SELECT key, visit_source
            FROM ({visits_of(query, "gathered", OF_VISITS)})
            SEMI JOIN (SELECT key FROM step_hits WHERE number IS NULL AND ({is_goal})) AS theirs USING (key)
            """,  # noqa: S608 our own names
            values,
        )
    for goal in asked.goals:
        yield from _goal_inserted(text(kind_of_goal(goal)), asked.marks[goal])
    for steps in asked.funnels:
        yield from _funnel_inserted(text(kind_of_funnel(steps)), [asked.marks[step] for step in steps])


def _goal_inserted(kind: str, mark: str) -> Iterator[_SQL]:
    yield (
        f"""
        INSERT INTO tally BY NAME
        SELECT {kind} AS kind, visit_source AS value, day, sum(hits)::BIGINT AS requests, count(*) AS sessions
        FROM (SELECT key, day, count(*) AS hits FROM step_hits WHERE {mark} AND number IS NULL GROUP BY key, day)
        JOIN step_visits USING (key) GROUP BY visit_source, day
        """,  # noqa: S608 our own names
        [],
    )
    yield (
        f"""
        INSERT INTO steps_of_several BY NAME SELECT {kind} AS kind, day, number, count(*) AS requests
        FROM step_hits WHERE {mark} AND number IS NOT NULL GROUP BY day, number
        """,  # noqa: S608 our own names
        [],
    )


def _funnel_inserted(kind: str, marks: Sequence[str]) -> Iterator[_SQL]:
    tables = ", ".join(reached_tables(marks, by=("day", "key")))
    counts = " UNION ALL ".join(
        f"SELECT {kind} AS kind, '{number}' AS value, day, count(*) AS sessions FROM reached{number} GROUP BY day"  # noqa: S608
        for number in range(len(marks))
    )
    local = "steps AS NOT MATERIALIZED (FROM step_hits WHERE number IS NULL)"
    yield f"INSERT INTO tally BY NAME WITH {local}, {tables} {counts}", []
    for number, mark in enumerate(marks):
        # Of the first step the first of a day is enough: whoever takes a later one gets no further.
        begins = "time" if number else "min(time)"
        yield (
            f"""
            INSERT INTO steps_of_several BY NAME
            SELECT {kind} AS kind, '{number}' AS value, day, number, {begins} AS begins
            FROM step_hits WHERE {mark} AND number IS NOT NULL GROUP BY day, number{", time" if number else ""}
            """,  # noqa: S608 our own names
            [],
        )


def goals_counted(goals: Sequence[GoalStep], tally: Tally, days: ZoneDays) -> _SQL:
    """Return the statement over a tally: kind, source, and how many hits and visits from there reached the goal."""
    kinds, between = list(map(kind_of_goal, goals)), [days.first, min(days.last, tally.days.last)]
    statement = f"""
        WITH told AS NOT MATERIALIZED (FROM read_parquet(?) WHERE day BETWEEN ? AND ?),
        sources AS (
            SELECT number, {arrival_by("visit_source", "day")} AS source
            FROM told WHERE kind = ? GROUP BY number
        ),
        reached AS (
            SELECT kind, value AS source, requests, sessions FROM told WHERE list_contains(?, kind) AND number IS NULL
            UNION ALL
            SELECT kind, source, sum(requests) AS requests, 1 AS sessions
            FROM (FROM told WHERE list_contains(?, kind) AND number IS NOT NULL) JOIN sources USING (number)
            GROUP BY kind, number, source
        )
        SELECT kind, source, sum(requests)::BIGINT, sum(sessions)::BIGINT FROM reached GROUP BY kind, source
    """  # noqa: S608 our own names
    return statement, [tally.path, *between, SEVERAL, kinds, kinds]


def funnel_counted(steps: Sequence[GoalStep], tally: Tally, days: ZoneDays) -> _SQL:
    """Return the statement over a tally, whose one row has the visits that came to each step."""
    marks = [f"value = '{number}'" for number in range(len(steps))]
    counts = ", ".join(
        f"(SELECT count(*) FROM reached{number}) "  # noqa: S608 our own names
        f"+ coalesce((SELECT sum(sessions)::BIGINT FROM told WHERE value = '{number}' AND number IS NULL), 0)"
        for number in range(len(steps))
    )
    statement = f"""
        WITH told AS MATERIALIZED (
            SELECT value, number, begins, sessions FROM read_parquet(?) WHERE day BETWEEN ? AND ? AND kind = ?
        ),
        steps AS (SELECT number AS key, begins AS time, value FROM told WHERE number IS NOT NULL),
        {", ".join(reached_tables(marks))}
        SELECT {counts}
    """  # noqa: S608 our own names
    return statement, [tally.path, days.first, min(days.last, tally.days.last), kind_of_funnel(steps)]
