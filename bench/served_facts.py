"""Made-up facts as an installation has them: in a folder of facts, in the database, with statistics and a tally."""

import os
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import psycopg

from bench import hits
from bench.asked_together import TIMEOUT_MINUTES
from bench.errors import NotMeasured
from bench.stage import Stage
from tracker.facts.folder import Folder, described, name_of
from tracker.facts.visits import beside
from tracker.reports.tally import Tally
from tracker.store import facts_files, facts_tallies
from tracker.store.database import Database, Transaction
from tracker.store.facts_files import FactsFile
from tracker.store.facts_tallies import FilesOfDates, TallyRow

_DAY = timedelta(days=1)
_LAST_HOUR = 23
_COUNTS = """
    SELECT CAST(time AS DATE), {hour}, count(*), count(DISTINCT visitor), count(DISTINCT session)
    FROM read_parquet(?) GROUP BY 1, 2
"""


class ServedFacts:
    """The facts of the stage's application: a file for each day, all of it tallied but the last day."""

    def __init__(self, stage: Stage, files: Sequence[str], tally: Tally) -> None:
        """`files` are named after their days. Whatever the database knew of facts and statistics goes."""
        self.folder = Folder(stage.folder / "facts served")
        self._application = UUID(stage.application_id)
        self._database = Database(stage.environment["DATABASE_URL"], name="bench")
        made = [Path(file) for file in files]
        folder_id = uuid4()
        self.folder.found(folder_id)
        with self._database.transaction() as tx:
            facts_files.forget(tx)
            facts_files.put_folder(tx, folder_id)
            for file in made:
                self._add(tx, file)
        self._last = made[-1]
        self._put_tally(tally)
        _count(stage, files)

    def close(self) -> None:
        """Forget them, and what is counted of them."""
        with self._database.transaction() as tx:
            facts_files.forget(tx)
        self._database.close()

    def hit(self) -> None:
        """Replace the file of the last day, as the scheduler does after each hit: no answer counts any more."""
        day = date.fromisoformat(self._last.stem)
        with self._database.transaction() as tx:
            [present] = facts_files.of_days(tx, self._application, day, day)
            facts_files.replace(tx, [present.id])
            self._add(tx, self._last)

    def _add(self, tx: Transaction, made: Path) -> None:
        day = date.fromisoformat(made.stem)
        name = name_of(self._application, made.stem, 0, _LAST_HOUR)
        file = self.folder.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        os.link(made, file)
        os.link(beside(made), beside(file))
        size, checksum = described([file, beside(file)])
        with duckdb.connect() as engine:
            [rows] = engine.execute("SELECT count(*) FROM read_parquet(?)", [str(file)]).fetchone() or (0,)
        served = FactsFile(
            application_id=self._application, date=day, first_hour=0, last_hour=_LAST_HOUR, name=name,
            facts=int(rows), bytes=size, checksum=checksum, parameters=(),
        )  # fmt: skip
        facts_files.insert(tx, [served])

    def _put_tally(self, tally: Tally) -> None:
        days = tally.days
        row = TallyRow(
            uuid4(), days.zone, days.first, days.last, TIMEOUT_MINUTES, sorted(tally.kinds), days.first, days.last
        )
        with self._database.transaction() as tx:
            made_of = FilesOfDates(
                days.first, days.last, facts_files.of_days(tx, self._application, days.first, days.last)
            )
            if not facts_tallies.put(tx, self._application, row, made_of, Path(tally.path).read_bytes()):
                raise NotMeasured("the tally was not taken")


def _count(stage: Stage, files: Sequence[str]) -> None:
    """Fill the statistics of these days."""
    paths = list(files)
    with duckdb.connect() as engine:
        by_hour = engine.execute(_COUNTS.format(hour="hour(time)"), [paths]).fetchall()
        by_day = engine.execute(_COUNTS.format(hour="0"), [paths]).fetchall()
    of_application = (stage.application_id, hits.APP_ID)
    with psycopg.connect(stage.environment["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM hourly_statistics")
        cursor.execute("DELETE FROM daily_statistics")
        cursor.executemany(
            "INSERT INTO hourly_statistics (application_id, app_id, date, hour, total_requests, unique_visitors)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [(*of_application, *row[:4]) for row in by_hour],
        )
        cursor.executemany(
            "INSERT INTO daily_statistics (application_id, app_id, date, total_requests, unique_visitors,"
            " unique_sessions) VALUES (%s, %s, %s, %s, %s, %s)",
            [(*of_application, day, *counts) for day, _, *counts in by_day],
        )
