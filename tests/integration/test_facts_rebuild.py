"""Facts are compared with the rows and made anew, by command; and they follow hits in any order."""

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.command_line import tracker
from tests.support.erasing import erase
from tests.support.facts import facts, make_facts, writer_of
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tests.support.raw_hits import make_months
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import FactsUnavailable
from tracker.facts.rebuild import rebuild, verify
from tracker.privacy.places import Place, Places
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.store.partitions import Month

TODAY = NOON.date()
PERIOD = ("--from", str(TODAY), "--to", str(TODAY))


@pytest.fixture
def stored(redis: Connection, database: Database, application: Application, settings: Settings) -> Path:
    enqueue(redis, [hit_of(application, n, client_sub_id=f"c{n}") for n in range(1, 4)])
    drain(redis, database)
    make_facts(database, settings.facts_url)
    return settings.facts_url


def test_verify_finds_what_differs_and_rebuild_mends_it(
    settings: Settings, database: Database, application: Application, stored: Path
) -> None:
    agreed = tracker(settings, "stats", "verify")
    assert (agreed.status, agreed.output) == (0, "1 day compared: every number agrees with a recount.\n")
    rows(database, "UPDATE access_logs SET url = 'https://shop.example/other' WHERE id = 2 RETURNING 1")
    differing = tracker(settings, "stats", "verify", "--json")
    assert differing.status == 1
    assert differing.json["differences"] == [
        {
            "app_id": "shop",
            "date": str(TODAY),
            "hour": "day",
            "number": "facts",
            "stored": "1 facts more",
            "recounted": "1 facts more",
        }
    ]
    assert tracker(settings, "stats", "rebuild", *PERIOD).status == 0
    assert tracker(settings, "stats", "verify").status == 0
    assert facts(database, stored, "page") == [("/1",), ("/other",), ("/3",)]


def test_several_days_are_made_beside_each_other_and_where_one_fails_it_is_said(
    database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    make_months(database, Month.of(NOON - timedelta(days=4)), Month.of(NOON))
    enqueue(
        redis,
        [
            hit_of(
                application, n, client_sub_id=f"c{n}", created_at=NOON - timedelta(days=n % 5), ip_address="192.0.2.1"
            )
            for n in range(1, 41)
        ],
    )
    drain(redis, database)
    writer = make_facts(database, settings.facts_url)
    before = Counter(facts(database, settings.facts_url, "time, visitor, page"))
    days = [(application.id, TODAY - timedelta(days=number)) for number in range(5)]
    rows(database, "UPDATE access_logs SET url = 'https://shop.example/other' RETURNING 1")
    assert rebuild(writer, days) == 40
    after = Counter(facts(database, settings.facts_url, "time, visitor, page"))
    assert after == Counter({(time, visitor, "/other"): count for (time, visitor, _), count in before.items()})

    class Unreadable(Places):
        def place_of(self, address: str) -> Place | None:
            raise FactsUnavailable(f"no place of {address}")

    writer.places = Unreadable(settings.facts_url / "places.mmdb")
    with pytest.raises(FactsUnavailable, match="no place of"):
        rebuild(writer, days)
    writer.places = Places(None)
    assert rebuild(writer, days) == 40


@pytest.mark.parametrize("harm", ["deleted", "half a file"])
def test_a_folder_that_is_lost_or_damaged_is_said_and_begun_anew_by_rebuild(
    settings: Settings, database: Database, application: Application, stored: Path, harm: str
) -> None:
    [file] = stored.rglob("*.parquet")
    if harm == "deleted":
        shutil.rmtree(stored)
    else:
        file.write_bytes(file.read_bytes()[:100])
    said = tracker(settings, "stats", "verify")
    if harm == "deleted":
        assert "stats rebuild" in said.errors
    else:
        assert "damaged or gone" in said.output
    assert tracker(settings, "stats", "rebuild", *PERIOD).status == 0
    assert facts(database, stored, "page") == [("/1",), ("/2",), ("/3",)]
    assert tracker(settings, "stats", "verify").status == 0


@pytest.fixture
def reached(database: Database, redis: Connection) -> tuple[Database, Connection]:
    return database, redis


told = st.tuples(st.integers(0, 800), st.sampled_from(["a", "b", None]), st.sampled_from(["/x", "/y", "/ä?q=1"]))


@examples(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hits=st.lists(told, min_size=1, max_size=15),
    batches=st.lists(st.lists(st.integers(0, 14), max_size=6), max_size=2),
)
def test_facts_are_the_rows_in_whatever_order_hits_arrive_repeat_and_are_erased(
    hits: list[Any],
    batches: list[list[int]],
    reached: tuple[Database, Connection],
    application: Application,
    tmp_path: Path,
) -> None:
    database, redis = reached
    folder = tmp_path / "facts"
    for table in ("access_logs", "custom_parameter_values", "statistics_increments", "facts_marks"):
        rows(database, f"DELETE FROM {table} RETURNING 1")
    writer = writer_of(database, folder)
    writer.turn()
    rebuild(writer, [(application.id, (NOON - timedelta(days=days)).date()) for days in (0, 1, 2)])
    made = [
        hit_of(
            application,
            number + 1,
            created_at=NOON - timedelta(minutes=minutes),
            client_sub_id=client,
            url=f"https://shop.example{page}",
        )
        for number, (minutes, client, page) in enumerate(hits)
    ]
    for batch in [*batches, range(15)]:
        enqueue(redis, [made[number] for number in batch if number < len(made)])
        drain(redis, database, batch_size=4)
        writer.turn()
    expected = Counter((client, page.partition("?")[0]) for _, client, page in hits)
    assert Counter(facts(database, folder, "client, page")) == expected
    writer.remove_replaced(0)

    def write() -> None:
        writer.turn()
        writer.remove_replaced(0)

    erase(database, redis, clients=["a"], write_facts=write)
    left = Counter({key: count for key, count in expected.items() if key[0] != "a"})
    assert Counter(facts(database, folder, "client, page")) == left
    for day in (NOON.date(), (NOON - timedelta(days=1)).date()):
        assert verify(writer, (application.id, day)) is None
