"""Goals and funnels added to a tally that is written: as many of them as there is room for."""

from pathlib import Path

from tracker.facts.engine import Cursor
from tracker.reports import step_tallies, tallies
from tracker.reports.facts_read import FactsRead
from tracker.reports.step_tallies import TalliedSteps
from tracker.reports.zone_days import ZoneDays


def add_steps(
    cursor: Cursor,
    files: FactsRead,
    days: ZoneDays,
    parts: tuple[str, list[object]],
    steps: TalliedSteps,
    *,
    base: Path,
    to: Path,
    hits_a_share: int,
    max_bytes: int,
) -> list[str]:
    """Write what the tally at `base` says, and goals and funnels; the kinds of these. Where none fits it is empty.

    The tables are those that it was made of. The largest goals and funnels are left out first, where they have too
    many rows or too many bytes. Raises FactsUnavailable.
    """
    for statement in (
        "DROP TABLE local",
        "DROP TABLE several",
        tallies.CREATE,
        step_tallies.CREATE,
        step_tallies.NUMBERS,
        "DROP TABLE theirs",
    ):
        cursor.run(statement)
    [(hits,)] = cursor.rows(*step_tallies.hits_counted(steps, files, days))
    shares = hits // hits_a_share + 1
    for share in range(shares):
        for sql in step_tallies.share_inserted(steps, files, days, parts, share=share, shares=shares):
            cursor.run(*sql)
        rows = _rows(cursor, "steps_of_several")
        too_many = {kind for kind, number in rows.items() if number > step_tallies.MAX_OF_SEVERAL}
        steps = _left(cursor, steps.without(too_many).fitting(rows, most=step_tallies.MAX_OF_ALL))
        if not steps.kinds:
            return []
    while steps.kinds:
        cursor.run(tallies.written(str(to), (f"read_parquet('{base}')", "steps_of_several")))
        size, without = to.stat().st_size, base.stat().st_size
        if size <= max_bytes:
            return steps.kinds
        rows = _rows(cursor, f"read_parquet('{to}')")
        every = sum(rows.get(kind, 0) for kind in steps.kinds)
        steps = _left(cursor, steps.fitting(rows, most=every * (max_bytes - without) // (size - without)))
    return []


def _rows(cursor: Cursor, table: str) -> dict[str, int]:
    return dict(cursor.rows(f"SELECT kind, count(*) FROM {table} GROUP BY kind"))  # noqa: S608 a name of our own


def _left(cursor: Cursor, steps: TalliedSteps) -> TalliedSteps:
    """Take away the rows of all others."""
    for table in ("tally", "steps_of_several"):
        cursor.run(f"DELETE FROM {table} WHERE NOT list_contains(?, kind)", [steps.kinds])  # noqa: S608 our own names
    return steps
