"""Small days of several applications are made together: what comes of it is what comes of each alone."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.erasing import erase
from tests.support.facts import facts, make_facts
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.facts import batch, write
from tracker.facts.folder import described
from tracker.facts.rebuild import verify
from tracker.facts.visits import ORDER, beside
from tracker.facts.write import Writer
from tracker.management import applications, settings
from tracker.queueing.connection import Connection
from tracker.store import facts_marks
from tracker.store.database import Database
from tracker.store.facts_marks import FactsDay

FILES = """SELECT application_id, date, first_hour, first_minute, last_hour, last_minute, name, facts, parameters
           FROM facts_files WHERE replaced_at IS NULL ORDER BY 1, 2, 3, 4"""
WHOLE_HOURS = """INSERT INTO facts_marks (application_id, date, hour)
                 SELECT application_id, date, first_hour FROM facts_files WHERE replaced_at IS NULL
                 UNION SELECT application_id, date, last_hour FROM facts_files WHERE replaced_at IS NULL RETURNING 1"""
DOMAINS = ("shop.example", "blog.example", None, "www.shop.example", None, None)


@pytest.fixture
def sites(database: Database) -> list[Application]:
    """Some with the same recipe but for their domain, some with others."""
    made = [
        applications.create(database, name=f"s{n}", app_id=f"s{n}", domain=domain, rate_limit=1000)[0]
        for n, domain in enumerate(DOMAINS)
    ]
    for site, key in ((3, "price"), (5, "price"), (5, "Größe")):
        define(database, made[site], key, "number")
    settings.change(database, "s4", {"session_timeout_minutes": "5", "page_query_parameters": "q"})
    return made


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[FactsDay]]:
    """Of each batch that was made: its days."""
    made: list[list[FactsDay]] = []
    make_batch = write.make_batch

    def noted(*arguments: Any) -> list[FactsDay]:
        made.append(make_batch(*arguments))
        return made[-1]

    monkeypatch.setattr(write, "make_batch", noted)
    return made


@pytest.fixture
def writer(database: Database, tmp_path: Path) -> Writer:
    return make_facts(database, tmp_path / "facts")


def contents(database: Database, writer: Writer) -> dict[Any, Any]:
    """Of each file what it is about, every row of it and of its visits, and in what order they stand."""
    files = {}
    with duckdb.connect() as engine:
        for *about, name, count, parameters in rows(database, FILES):
            kinds = []
            for file in (writer.folder.path / name, beside(writer.folder.path / name)):
                answer = engine.execute(f"FROM read_parquet('{file}', hive_partitioning=false)")
                names, facts_of_file = [name for name, *_ in answer.description or ()], answer.fetchall()
                ordered = [[fact[names.index(name)] for name in ORDER.split(", ")] for fact in facts_of_file]
                kinds.append((ordered, str(answer.description), sorted(map(repr, facts_of_file))))
            files[tuple(about)] = (count, parameters, kinds)
    return files


def store(database: Database, redis: Connection, sites: Sequence[Application], per_site: int = 1, **given: Any) -> None:
    """Store hits of every site, all alike but for their page."""
    [(stored,)] = rows(database, "SELECT coalesce(max(id), 0) FROM access_logs")
    for number in range(per_site * len(sites)):
        site = sites[number % len(sites)]
        url = f"https://shop.example/{site.app_id}"
        enqueue(redis, [hit_of(site, stored + number + 1, **{"created_at": NOON, "url": url, **given})])
    drain(redis, database)


def store_beside_what_is_kept(database: Database, redis: Connection, sites: Sequence[Application]) -> None:
    """Store hits of another minute than those of `store`, so that all of these is taken from the files before."""
    store(database, redis, sites, created_at=NOON + timedelta(minutes=1))


def damage(database: Database, writer: Writer) -> tuple[FactsDay, str]:
    """Damage a file; of which day it is, and its name."""
    application_id, date, *_, name, _, _ = rows(database, FILES)[2]
    (writer.folder.path / name).write_bytes(b"nothing")
    return (application_id, date), name


told = st.tuples(
    st.integers(0, len(DOMAINS) - 1),
    st.one_of(st.integers(0, 70), st.integers(0, 1500)),
    st.sampled_from(["a", "b", None]),
    st.sampled_from([None, None, "s"]),
    st.sampled_from(["/x", "/ä?q=1&utm_source=News", "/z"]),
    st.sampled_from([None, "https://www.google.de/", "https://shop.example/", "https://news.blog.example/n"]),
)

SAME = ("a", None, "/x", None)
ONE_MINUTE_OF_TWO_SITES = [[(0, 5, *SAME), (1, 5, *SAME)], [(0, 5, *SAME), (1, 7, *SAME)]]
"""The second turn makes a minute of the one site anew, of which it keeps the other's."""


@examples(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.lists(told, min_size=4, max_size=20), min_size=2, max_size=3))
@example(turns=ONE_MINUTE_OF_TWO_SITES)
def test_files_made_together_are_those_that_are_made_one_by_one(  # noqa: PLR0917 fixtures
    turns: list[list[Any]],
    database: Database,
    redis: Connection,
    sites: list[Application],
    writer: Writer,
    batches: list[list[FactsDay]],
) -> None:
    for table in ("access_logs", "custom_parameter_values", "statistics_increments", "facts_marks", "facts_files"):
        rows(database, f"DELETE FROM {table} RETURNING 1")

    def is_as_alone() -> None:
        together = contents(database, writer)
        rows(database, WHOLE_HOURS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batch, "DAYS", 1)
            writer.turn()
        assert contents(database, writer) == together

    number = 0
    for turn in turns:
        for site, minutes, client, session, path, referrer in turn:
            number += 1
            hit = hit_of(
                sites[site],
                number,
                created_at=NOON - timedelta(minutes=minutes),
                client_sub_id=client,
                session_id=session,
                url=f"https://www.shop.example{path}",
                referrer=referrer,
                user_agent=client and f"Mozilla/5.0 ({client}) Firefox/140.0",
                custom_params={"price": number, "Größe": -number},
            )
            enqueue(redis, [hit])
        drain(redis, database)
        batches.clear()
        writer.turn()
        assert rows(database, "SELECT count(*) FROM facts_marks") == [(0,)]
        assert batches or len({hit[0] for hit in turn}) == 1
        is_as_alone()
    erase(database, redis, app_id="s0", clients=["a"], write_facts=lambda: (writer.turn(), writer.remove_replaced(0)))
    is_as_alone()
    assert len(facts(database, writer.folder.path, "page")) == rows(database, "SELECT count(*) FROM access_logs")[0][0]
    for day in rows(database, "SELECT DISTINCT application_id, date FROM facts_files WHERE replaced_at IS NULL"):
        assert verify(writer, (day[0], day[1])) is None


@pytest.mark.parametrize("session", [None, "the same"])
def test_one_who_visits_several_sites_is_counted_by_each_of_its_own_hits_alone(  # noqa: PLR0917 fixtures
    database: Database,
    redis: Connection,
    sites: list[Application],
    writer: Writer,
    batches: list[list[FactsDay]],
    session: str | None,
) -> None:
    for referrer in ("https://www.google.com/", "https://shop.example/"):  # The second is the site's own, and no part.
        store(database, redis, sites, 2, client_sub_id="one", session_id=session, referrer=referrer)
        writer.turn()
    assert [len(days) for days in batches] == [len(sites)] * 2
    for site, (about, (count, _, [hits, visits])) in zip(
        sorted(sites, key=lambda one: one.id), contents(database, writer).items(), strict=True
    ):
        assert about[0] == site.id
        assert count == 4
        assert all(f"'/{site.app_id}'" in row for row in hits[2])
        assert len(hits[2]) == 4
        assert len(visits[2]) == 1


def test_a_damaged_file_is_made_anew_and_days_beside_it_are_made_in_the_same_turn(
    database: Database, redis: Connection, sites: list[Application], writer: Writer, batches: list[list[FactsDay]]
) -> None:
    store(database, redis, sites)
    writer.turn()
    damage(database, writer)
    store_beside_what_is_kept(database, redis, sites)
    writer.turn()
    assert sum(map(len, batches[1:])) >= len(sites) - 3
    assert len(facts(database, writer.folder.path, "page")) == 2 * len(sites)
    assert rows(database, "SELECT count(*) FROM facts_marks") == [(0,)]


def test_a_day_that_cannot_be_made_is_tried_alone_from_then_on(
    database: Database, redis: Connection, sites: list[Application], writer: Writer, batches: list[list[FactsDay]]
) -> None:
    store(database, redis, sites)
    writer.turn()
    day, name = damage(database, writer)
    described_as = described([writer.folder.path / name, beside(writer.folder.path / name)])
    query = "UPDATE facts_files SET bytes = %s, checksum = %s WHERE name = %s RETURNING 1"
    rows(database, query, *described_as, name)
    for _ in range(2):
        store_beside_what_is_kept(database, redis, sites)
        batches.clear()
        writer.turn()
        assert writer.alone == {day}
        assert writer.problem
    assert [len(days) for days in batches] == [len(sites) - 1]
    rows(database, query, 1, "0" * 64, name)
    writer.turn()
    writer.turn()
    assert (writer.alone, writer.problem) == (set(), None)
    assert len(facts(database, writer.folder.path, "page")) == 3 * len(sites)


def test_days_of_which_nothing_is_left_have_no_files_and_those_of_archived_months_keep_theirs(
    database: Database, redis: Connection, sites: list[Application], writer: Writer, batches: list[list[FactsDay]]
) -> None:
    store(database, redis, sites)
    writer.turn()
    mark = """INSERT INTO facts_marks (application_id, date, hour, minutes)
              SELECT application_id, date, 12, 1 FROM facts_files WHERE replaced_at IS NULL RETURNING 1"""
    rows(database, "DELETE FROM access_logs RETURNING 1")
    archived = "INSERT INTO archived_months (month, has_hits, dropped_at) VALUES (%s, false, now()) RETURNING 1"
    rows(database, archived, NOON.date().replace(day=1))
    rows(database, mark)
    assert writer.turn() == len(sites)
    assert len(facts(database, writer.folder.path, "page")) == len(sites)
    rows(database, "DELETE FROM archived_months RETURNING 1")
    rows(database, mark)
    assert writer.turn() == len(sites)
    assert [len(days) for days in batches] == [len(sites)] * 3
    assert facts(database, writer.folder.path, "page") == []
    assert rows(database, "SELECT count(*) FROM facts_marks") == [(0,)]


def test_more_hits_than_are_made_together_are_made_in_several_passes_and_those_of_one_site_alone(  # noqa: PLR0917 fixtures
    database: Database,
    redis: Connection,
    sites: list[Application],
    writer: Writer,
    batches: list[list[FactsDay]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store(database, redis, sites)
    [line] = rows(database, "SELECT max(length(access_logs::text)) FROM access_logs")
    for limit in ("_PASS_BYTES", "_FILE_BYTES"):
        monkeypatch.setattr(batch, limit, 2 * line[0])
    store(database, redis, sites[:1], 20)
    writer.turn()
    assert [len(days) for days in batches] == [len(sites) - 1]
    assert len(facts(database, writer.folder.path, "page")) == len(sites) + 20
    assert rows(database, "SELECT count(*) FROM facts_marks") == [(0,)]


def test_days_are_small_unless_a_full_file_is_about_one_of_their_marked_minutes(
    database: Database, redis: Connection, sites: list[Application], writer: Writer
) -> None:
    store(database, redis, sites, 3)
    writer.turn()
    days = [(site.id, NOON.date()) for site in sites]
    for first, last in ((0, 0), (0, 59), (1, 59)):
        rows(database, "UPDATE facts_files SET first_minute = %s, last_minute = %s RETURNING 1", first, last)
        for minutes in (1, 2, 1 << 59):
            rows(database, "DELETE FROM facts_marks RETURNING 1")
            with database.transaction() as tx:
                for day in days:
                    facts_marks.put(tx, day, {12: minutes})
                is_about = minutes >> first and minutes < 1 << last + 1
                assert facts_marks.small(tx, days, hours=1, facts=4) == set(days)
                assert facts_marks.small(tx, days, hours=1, facts=3) == (set() if is_about else set(days))
                assert facts_marks.small(tx, days, hours=0, facts=4) == set()


def test_a_batch_waits_for_no_other_writer_and_leaves_its_days_alone(
    database: Database, redis: Connection, sites: list[Application], writer: Writer
) -> None:
    store(database, redis, sites)
    days = [(site.id, NOON.date()) for site in sites]
    with database.transaction() as tx:
        facts_marks.lock_day(tx, days[0])
        with write.Workspace.open(writer.folder, writer.places) as space:
            assert set(batch.make_batch(database, space, days, NOON)) == set(days[1:])
    assert len(facts(database, writer.folder.path, "page")) == len(sites) - 1
    assert writer.turn() == 1
    assert len(facts(database, writer.folder.path, "page")) == len(sites)
