"""Files of facts that were made before there was some column: it is empty in them, and nothing else is different."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support.command_line import tracker
from tests.support.facts import facts, make_facts
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tests.support.raw_hits import make_months
from tests.support.reporting import CHROME, Reporting
from tracker.application import Application
from tracker.config import Settings
from tracker.facts.columns import FACTS
from tracker.facts.folder import described
from tracker.facts.visits import beside
from tracker.queueing.connection import Connection
from tracker.reports.answers import Answers
from tracker.reports.dimensions import NAMES
from tracker.reports.readers import Readers
from tracker.reports.visits import OF_VISITS
from tracker.store.database import Database
from tracker.store.partitions import Month

YESTERDAY = NOON - timedelta(days=1)
DAYS = {"start_date": f"{YESTERDAY:%F}", "end_date": f"{NOON:%F}"}


@pytest.fixture
def reporting(
    database: Database, redis: Connection, application: Application, settings: Settings
) -> Iterator[Reporting]:
    """Two visitors of yesterday, and one of today, of whom everything is known."""
    make_months(database, Month.of(YESTERDAY))
    hits = [
        hit_of(
            application,
            number,
            created_at=at,
            client_sub_id=f"c{number}",
            user_agent=CHROME,
            language="de-DE",
            screen_resolution="1920x1080",
            url="https://shop.example/x?utm_source=a&utm_medium=b&utm_campaign=c&utm_term=d&utm_content=e&gclid=f",
            module_id="m",
            timezone="Europe/Berlin",
        )
        for number, at in enumerate((YESTERDAY, YESTERDAY + timedelta(minutes=50), NOON), 1)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    make_facts(database, settings.facts_url)
    readers = Readers(settings.facts_url)
    yield Reporting(database, readers, hits)
    readers.close()


def without(database: Database, folder: Path, column: str) -> None:
    """Leave the file of yesterday as it would have been made before there was a column."""
    [(name,)] = rows(database, "SELECT name FROM facts_files WHERE date = %s AND replaced_at IS NULL", YESTERDAY.date())
    file = folder / str(name)
    with duckdb.connect() as engine:
        for path in (file, beside(file)):
            engine.execute(f"CREATE OR REPLACE TABLE old AS FROM read_parquet('{path}', hive_partitioning=false)")
            engine.execute(f"ALTER TABLE old DROP COLUMN IF EXISTS {column}")
            engine.execute(f"COPY old TO '{path}' (FORMAT parquet)")
    size, checksum = described([file, beside(file)])
    rows(database, "UPDATE facts_files SET bytes = %s, checksum = %s WHERE name = %s RETURNING 1", size, checksum, name)


def test_a_dimension_that_a_file_was_made_before_is_empty_in_it(
    reporting: Reporting, database: Database, settings: Settings
) -> None:
    names = [name for name in NAMES if name not in OF_VISITS]
    days = {**DAYS, "end_date": DAYS["start_date"]}
    for name in names:
        without(database, settings.facts_url, name)
        reporting.readers.answers = Answers()
        for measures in ("visitors,requests", "visitors,sessions,duration,bounce_rate"):
            for asked in (days, DAYS):
                answered = reporting.rows(**asked, measures=measures, dimensions=name)
                assert [row["visitors"] >= 2 for row in answered if row[name] is None] == [True], (name, measures)
            filtered = reporting.rows(**days, measures=measures, filters=f'[["{name}", "contains", "e"]]')
            assert filtered[0]["visitors"] == 0, name
    assert set(names) <= set(FACTS)


def test_a_file_of_before_is_merged_with_new_hits_compared_and_made_anew(
    reporting: Reporting, database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    for column in ("language", "region", "module", "utm_term"):
        without(database, settings.facts_url, column)
    late = hit_of(application, 9, created_at=YESTERDAY + timedelta(minutes=90), client_sub_id="c9", language="fr")
    enqueue(redis, [late])
    drain(redis, database)
    make_facts(database, settings.facts_url)
    days = {**DAYS, "end_date": DAYS["start_date"]}
    languages = {row["language"]: row["visitors"] for row in reporting.rows(**days, dimensions="language")}
    assert languages == {None: 2, "fr": 1}
    verified = tracker(settings, "stats", "verify", "--json")
    assert [one["number"] for one in verified.json["differences"]] == ["facts"], "they say so"
    period = ("--from", f"{YESTERDAY:%F}", "--to", f"{YESTERDAY:%F}")
    assert tracker(settings, "stats", "rebuild", *period).status == 0
    assert tracker(settings, "stats", "verify").status == 0
    assert len(facts(database, settings.facts_url, "language", where="language = 'de'")) == 3
