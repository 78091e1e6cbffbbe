"""A tally compared with the facts: made anew, and row for row the same."""

from datetime import date
from uuid import UUID

from tracker.errors import FactsUnavailable
from tracker.facts.engine import FactsDamaged
from tracker.facts.folder import Folder
from tracker.reports import tallies
from tracker.reports.step_tallies import TalliedSteps
from tracker.reports.tally_making import made_tally
from tracker.reports.zone_days import ZoneDays
from tracker.store import facts_files, facts_tallies
from tracker.store.database import Database
from tracker.store.facts_tallies import TallyRow

_COLUMNS = f"""kind, value, day, prev, visitors, requests, views, sessions, seconds, bounces,
    {tallies.OF_SEVERAL}"""


def tally_difference(
    database: Database, folder: Folder, application_id: UUID, *, first: date, last: date
) -> tuple[TallyRow, str] | None:
    """Compare the tally of an application, if it is about some of these days (UTC), with the facts of all of its days.

    Returns it and in what it differs; None where it does not, or has gone meanwhile.

    It takes as long as making one. Raises FactsUnavailable, DatabaseUnavailable.
    """
    with database.transaction() as tx:
        row = facts_tallies.find(tx, application_id)
        content = facts_tallies.content(tx, row.id) if row else None
        files = facts_files.of_days(tx, application_id, row.first_date, row.last_date) if row else []
    if row is None or content is None or row.first_date > last or row.last_date < first:
        return None
    if not content.is_whole:
        return row, "it is damaged"
    if "visit_channel" not in row.kinds:
        return row, "a scheduler of an older version made it; it is made anew"
    days = ZoneDays(row.first, row.last, row.zone)
    steps = TalliedSteps.of_kinds(row.kinds)
    with made_tally(folder, files, days, timeout_minutes=row.timeout_minutes, steps=steps) as made:
        if not made.kinds.issuperset(steps.kinds):
            raise FactsUnavailable(
                "For goals and funnels of the tally there is no room or time now, so that it is not compared."
            )
        stored = made.path.with_name("tally.stored")
        stored.write_bytes(content.body)
        try:
            [(missing, surplus)] = made.cursor.rows(
                f"""
                WITH made AS (SELECT {_COLUMNS} FROM read_parquet(?) WHERE list_contains(?, kind)),
                stored AS (SELECT {_COLUMNS} FROM read_parquet(?))
                SELECT (SELECT count(*) FROM (FROM made EXCEPT ALL FROM stored)),
                    (SELECT count(*) FROM (FROM stored EXCEPT ALL FROM made))
                """,  # noqa: S608 our own names
                [str(made.path), list(row.kinds), str(stored)],
            )
        except FactsDamaged:
            return row, "it cannot be read"
    with database.transaction() as tx:
        left = facts_tallies.find(tx, application_id)
    if left is None or left.id != row.id or not (missing or surplus):
        return None
    return row, f"{surplus} rows more, {missing} rows less"
