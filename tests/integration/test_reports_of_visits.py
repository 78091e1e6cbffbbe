"""Visits over midnight and files are those of a plain count: hits late, in any order, merged, erased; in any zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.erasing import erase
from tests.support.facts import writer_of
from tests.support.queued_hits import define, drain, enqueue, rows
from tests.support.raw_hits import make_months
from tests.support.reporting import BROWSERS, MEASURES, Reporting, counted, grouped, path
from tests.support.standing_clock import StandingClock
from tests.support.told_visits import MIDNIGHT, channel, compare_pages, compare_sources, made_of, told
from tracker.application import Application
from tracker.facts import pieces
from tracker.facts.day import Workspace, merge_day
from tracker.facts.write import Writer
from tracker.hit import Hit
from tracker.management import settings as management_settings
from tracker.queueing.connection import Connection
from tracker.reports import answer
from tracker.reports.readers import Readers
from tracker.reports.zone_days import ZoneDays
from tracker.store import facts_marks
from tracker.store.database import Database
from tracker.store.partitions import Month

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu")
"""A zone off by 45 minutes is asked hit by hit, the others by parts of visits."""


@pytest.fixture
def reached(database: Database, redis: Connection, tmp_path: Path) -> Iterator[tuple[Database, Connection, Readers]]:
    make_months(database, Month.of(MIDNIGHT - timedelta(days=1)))
    readers = Readers(tmp_path / "facts")
    yield database, redis, readers
    readers.close()


def compare(reporting: Reporting, application: Application, hits: list[Hit], zone: str) -> None:
    """Every measure as a whole, by what visits have in common, by what single hits have, and of one day of the zone."""
    management_settings.set_(reporting.database, application.app_id, "timezone", zone)
    first, last = (MIDNIGHT + timedelta(days=days) for days in (-2, 1))
    wide = {"start_date": f"{first:%Y-%m-%d}", "end_date": f"{last:%Y-%m-%d}", "measures": MEASURES}
    parts = {**wide, "measures": MEASURES.replace(",sum:price,mean:price", "")}
    bare = ("sum:price", "mean:price")

    def without_sums(numbers: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in numbers.items() if name not in bare}

    assert reporting.rows(**wide) == [counted(hits, hits)]
    assert reporting.rows(**parts) == [without_sums(counted(hits, hits))]
    for dimension, key in (("browser", lambda hit: BROWSERS[hit.user_agent]), ("page", path), ("channel", channel)):
        by_value = {row.pop(dimension): row for row in reporting.rows(dimensions=dimension, **parts)}
        assert by_value == {value: without_sums(numbers) for value, numbers in grouped(hits, key).items()}
    from_search = orjson.dumps([["channel", "is", "search"]]).decode()
    searched = [hit for hit in hits if channel(hit) == "search"]
    if searched:
        assert reporting.rows(filters=from_search, **parts) == [without_sums(counted(searched, hits))]
    compare_pages(reporting, hits, parts)
    compare_sources(reporting, hits, parts)
    day = ZoneDays(MIDNIGHT.date(), MIDNIGHT.date(), zone)
    of_day = [hit for hit in hits if day.start <= hit.created_at < day.end]
    if of_day:
        asked = {**parts, "start_date": str(day.first), "end_date": str(day.last)}
        assert reporting.rows(**asked) == [without_sums(counted(of_day, of_day))]
        compare_sources(reporting, of_day, asked)


def merge(writer: Writer, application: Application) -> None:
    """Put one file in the place of each day's files."""
    with Workspace.open(writer.folder, writer.places) as space:
        for days in (-1, 0):
            merge_day(writer.database, space, (application.id, (MIDNIGHT + timedelta(days=days)).date()))


happening = given(
    hits=st.lists(told, min_size=1, max_size=20),
    batches=st.lists(st.lists(st.integers(0, 19), max_size=8), max_size=2),
    merged=st.booleans(),
    cut=st.booleans(),
)
unhurried = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@examples(max_examples=2, **unhurried)
@happening
def test_visits_are_those_of_a_plain_count_whatever_happens_to_their_files(  # noqa: PLR0917 fixtures
    hits: list[Any],
    batches: list[list[int]],
    merged: bool,  # noqa: FBT001 hypothesis names it
    cut: bool,  # noqa: FBT001
    reached: tuple[Database, Connection, Readers],
    application: Application,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_FACTS", 1 if cut else pieces.PIECE_FACTS)
        check(hits, batches, reached, application, merged=merged, cut=cut)


@pytest.mark.long
@examples(max_examples=20, **unhurried)
@happening
def test_many_visits_are_those_of_a_plain_count(  # noqa: PLR0917 fixtures
    hits: list[Any],
    batches: list[list[int]],
    merged: bool,  # noqa: FBT001 hypothesis names it
    cut: bool,  # noqa: FBT001
    reached: tuple[Database, Connection, Readers],
    application: Application,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_FACTS", 1 if cut else pieces.PIECE_FACTS)
        check(hits, batches, reached, application, merged=merged, cut=cut)


def check(
    hits: list[Any],
    batches: list[list[int]],
    reached: tuple[Database, Connection, Readers],
    application: Application,
    *,
    merged: bool,
    cut: bool,
) -> None:
    """Let hits arrive in batches, compare, erase a person, and compare again.

    Where the hour after midnight is `cut`, it goes on, and each turn begins a new file of it.
    """
    database, redis, readers = reached
    for table in ("access_logs", "custom_parameter_values", "statistics_increments", "daily_statistics"):
        rows(database, f"DELETE FROM {table} RETURNING 1")
    define(database, application, "price", "number")
    writer = writer_of(database, readers.folder.path)
    if cut:
        writer.clock = StandingClock(MIDNIGHT + timedelta(minutes=59))
    writer.turn(seconds=60)
    with database.transaction() as tx:
        for days in (-1, 0):
            facts_marks.mark_day(tx, (application.id, (MIDNIGHT + timedelta(days=days)).date()))
    made = made_of(application, hits)
    for batch in [*batches, range(10), range(20)]:
        enqueue(redis, [made[number] for number in batch if number < len(made)])
        drain(redis, database, batch_size=6)
        writer.turn(seconds=60)
    if merged:
        merge(writer, application)
    reporting = Reporting(database, readers, made)
    for zone in ZONES:
        compare(reporting, application, made, zone)

    def write() -> None:
        writer.turn(seconds=60)
        writer.remove_replaced(0)

    erase(database, redis, clients=["a"], write_facts=write)
    left = [hit for hit in made if hit.client_sub_id != "a"]
    if left:
        compare(reporting, application, left, "Europe/Berlin")
    assert not answer_names(reporting, "a")


def answer_names(reporting: Reporting, client: str) -> list[dict[str, Any]]:
    asked = {"start_date": f"{MIDNIGHT - timedelta(days=2):%Y-%m-%d}", "end_date": f"{MIDNIGHT:%Y-%m-%d}"}
    filters = orjson.dumps([["client", "is", client]]).decode()
    given_texts = {**asked, "dimensions": "client", "filters": filters}
    return answer.read(
        reporting.database, reporting.readers, app_id="shop", given=given_texts, now=datetime.now(UTC)
    ).rows
