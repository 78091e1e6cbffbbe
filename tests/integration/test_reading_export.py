"""Exports: which hits, in which order, and what happens when PostgreSQL is slow, away, or written to meanwhile."""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest

from tests.support.raw_hits import execute, fill, make_months
from tracker.application import Application
from tracker.embedded import Postgres
from tracker.errors import DatabaseUnavailable, Refused
from tracker.management import applications
from tracker.reading import export_rows
from tracker.reading.export import Export, export, gzipped
from tracker.reading.period import Period
from tracker.store.database import Database
from tracker.store.partitions import Month

START = datetime(2024, 1, 30, tzinfo=UTC)
DAYS = Period(START.date(), START.date() + timedelta(days=3))


@pytest.fixture
def stored(database: Database, application: Application, monkeypatch: pytest.MonkeyPatch) -> Application:
    """900 hits, every seven minutes from the end of January into February; some at the same time."""
    make_months(database, Month(2024, 1), Month(2024, 2))
    columns = {
        "custom_params": "jsonb_build_object('kind', n % 3)",
        "event_name": "CASE WHEN n % 10 = 0 THEN 'buy' END",
        "client_sub_id": "'visitor ' || n % 5",
        "session_id": "'session ' || n % 7",
    }
    fill(database, application, 900, start=START, every="7 minutes", **columns)
    execute(database, "UPDATE access_logs SET created_at = date_trunc('hour', created_at)")
    monkeypatch.setattr(export_rows, "PAGE", 100)
    return application


def start(database: Database, **arguments: Any) -> Export:
    given = {"app_id": "shop", "period": DAYS, "format_": "jsonl", "sleep": lambda _: None}
    return export(database, **{**given, **arguments})


def lines(exported: Export) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in b"".join(exported.chunks).splitlines()]


def numbers(exported: Export) -> list[int]:
    return [int(line["url"].rpartition("/")[2]) for line in lines(exported)]


@pytest.mark.usefixtures("stored")
def test_every_hit_of_the_period_comes_once_and_in_order(database: Database) -> None:
    pages: list[int] = []
    all_numbers = numbers(start(database, on_rows=pages.append))
    assert all_numbers == list(range(1, 824))
    assert sum(pages) == 823
    assert max(pages) == 100
    assert numbers(start(database, period=Period(DAYS.first - timedelta(days=9999), DAYS.last))) == all_numbers
    assert numbers(start(database, period=Period(DAYS.last, DAYS.last))) == all_numbers[-205:]
    assert numbers(start(database, period=Period(DAYS.first - timedelta(days=9), DAYS.first - timedelta(days=1)))) == []


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        ({"custom_params": {"kind": 1}}, lambda n: n % 3 == 1),
        ({"custom_params": {}}, lambda _: True),
        ({"event_name": "buy"}, lambda n: n % 10 == 0),
        ({"client_sub_id": "visitor 2", "session_id": "session 3"}, lambda n: n % 5 == 2 and n % 7 == 3),
        ({"event_name": "'; DROP TABLE access_logs --"}, lambda _: False),
        ({"custom_params": {"%(start)s": "%s"}}, lambda _: False),
    ],
)
def test_filters_take_what_they_say(database: Database, filters: dict[str, Any], taken: Any) -> None:
    assert numbers(start(database, **filters)) == [n for n in range(1, 824) if taken(n)]


@pytest.mark.usefixtures("stored")
def test_a_csv_has_a_header_also_without_any_hit_and_may_be_compressed(database: Database) -> None:
    text = gzip.decompress(b"".join(gzipped(start(database, format_="csv").chunks))).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert (len(rows), rows[0]["custom_params"]) == (823, '{"kind": 1}')
    nothing = start(database, format_="csv", event_name="none", include_custom_params=False)
    assert nothing.file_name == "shop_2024-01-30_2024-02-02.csv"
    assert b"".join(nothing.chunks).startswith(b"tracking_id,created_at,app_id,")


def test_a_page_ends_with_the_hit_that_makes_it_long_enough(
    database: Database, stored: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[int] = []
    whole = numbers(start(database))
    monkeypatch.setattr(export_rows, "PAGE_BYTES", 1000)
    # Every hundredth hit has a thousand bytes and more, in one column or another.
    for place, column in enumerate(("user_agent", "referrer", "event_data", "custom_params")):
        value = "to_jsonb(repeat('x', 1000))" if column in ("event_data", "custom_params") else "repeat('é', 500)"
        execute(database, f"UPDATE access_logs SET {column} = {value} WHERE id % 100 = {place}")
    assert numbers(start(database, on_rows=pages.append)) == whole
    assert max(pages) < 40, "a hit's url and parameters have 25 bytes or more"
    execute(database, "UPDATE access_logs SET user_agent = repeat('x', 2000)")
    pages.clear()
    assert numbers(start(database, on_rows=pages.append)) == whole
    assert max(pages) == 1, "one comes always"


@pytest.mark.usefixtures("stored")
def test_what_fits_into_a_page_is_learned_from_the_last_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL does not write again and again what is dropped: of hits that are equally long, one page of a month."""
    execute(database, "UPDATE access_logs SET user_agent = repeat('x', 2000)")
    monkeypatch.setattr(export_rows, "PAGE_BYTES", 100_000)
    real, cut_off = export_rows.exported_hits.page, []

    def watched(*arguments: Any, **named: Any) -> Any:
        page = real(*arguments, **named)
        cut_off.append(page.is_cut_off)
        return page

    monkeypatch.setattr(export_rows.exported_hits, "page", watched)
    assert numbers(start(database)) == list(range(1, 824))
    assert (len(cut_off), cut_off.count(True)) == (20, 2)


def test_pages_without_parameters_are_not_measured_by_them(
    database: Database, stored: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(database, "UPDATE access_logs SET custom_params = jsonb_build_object('k', repeat('x', 2000))")
    monkeypatch.setattr(export_rows, "PAGE_BYTES", 100_000)
    pages: list[int] = []
    assert len(lines(start(database, include_custom_params=False, on_rows=pages.append))) == 823
    assert max(pages) == 100


@pytest.mark.usefixtures("stored")
def test_another_applications_hits_do_not_come(database: Database) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    fill(database, other, 50, start=START + timedelta(seconds=1))
    assert numbers(start(database, app_id="other")) == list(range(1, 51))
    assert len(lines(start(database))) == 823
    with pytest.raises(Refused, match="There is no application"):
        start(database, app_id="nobody")


def test_what_is_stored_meanwhile_doubles_nothing_and_hides_nothing(database: Database, stored: Application) -> None:
    exported = start(database)
    seen = [orjson.loads(line)["tracking_id"] for line in next(exported.chunks).splitlines()]
    for hours in range(0, 96, 3):
        columns = {"client_sub_id": "'late'", "url": f"'/late/' || {hours}"}
        with database.transaction() as tx:
            tx.execute(
                "INSERT INTO access_logs (id, application_id, app_id, created_at, url) VALUES (%s, %s, 'shop', %s, %s)",
                (10_000 + hours, stored.id, START + timedelta(hours=hours), columns["url"]),
            )
    rest = [orjson.loads(line) for chunk in exported.chunks for line in chunk.splitlines()]
    seen += [line["tracking_id"] for line in rest]
    assert len(seen) == len(set(seen))
    assert {int(line["url"].rpartition("/")[2]) for line in rest if "late" not in line["url"]} == set(range(101, 824))


@pytest.fixture
def slow_role(database: Database, postgres: Postgres, stored: Application) -> Iterator[str]:
    """The URL of a role that may read, and whose statements end after 50 ms."""
    name = f"reader_{uuid4().hex[:12]}"
    execute(database, f"CREATE ROLE {name} LOGIN; ALTER ROLE {name} SET statement_timeout = '50ms'")
    execute(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    yield name
    execute(database, f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_time_is_cut_smaller_where_a_page_takes_too_long(
    database: Database, stored: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that looks at more than three hours is given up, as one of a large table would be."""
    real, given_up = export_rows.exported_hits.page, []

    def slow(tx: Any, wanted: Any, begin: datetime, end: datetime, **arguments: Any) -> Any:
        if end - begin > timedelta(hours=3):
            given_up.append(end - begin)
            raise export_rows.TookTooLong("given up")
        return real(tx, wanted, begin, end, **arguments)

    monkeypatch.setattr(export_rows.exported_hits, "page", slow)
    assert numbers(start(database)) == list(range(1, 824))
    assert len(given_up) <= 3


@pytest.mark.usefixtures("stored")
def test_a_rare_filter_over_months_shows_life_before_the_first_hit(database: Database) -> None:
    make_months(database, *[Month(2023, number) for number in (10, 11, 12)])
    days = Period(date(2023, 10, 1), DAYS.last)
    for format_, header in (("csv", b"tracking_id,"), ("jsonl", b"")):
        clock = count(step=1.0).__next__  # Each look at it finds a second gone.
        exported = start(database, period=days, format_=format_, event_name="buy", clock=clock)
        chunks = list(exported.chunks)
        before = chunks[: len(chunks) // 2]
        assert len(before) > 20
        assert before[0].startswith(header)
        assert set(before[1:]) == {b""}
        assert b"".join(chunks).count(b"\n") == 82 + bool(header)
        packed = list(gzipped(iter(chunks)))
        assert all(packed), "compressed, each chunk is a sign of life"
        assert gzip.decompress(b"".join(packed)) == b"".join(chunks)


def test_a_page_that_never_comes_in_time_is_a_503(database_url: str, slow_role: str) -> None:
    with (
        psycopg.connect(database_url) as locking,
        closing(Database(psycopg.conninfo.make_conninfo(database_url, user=slow_role), name="t")) as slow,
    ):
        exported = start(slow, clock=lambda: 0.0)
        locking.execute("LOCK TABLE access_logs IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Refused, match="ask for fewer days") as refusal:
            next(exported.chunks)
    assert (refusal.value.status, refusal.value.code) == (503, "SERVICE_UNAVAILABLE")
    assert refusal.value.retry_after is not None


def test_an_export_goes_on_after_a_short_outage_and_breaks_after_a_long_one(
    database: Database, stored: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, outages = export_rows.exported_hits.page, iter([False, True, True, False])

    def shaky(*arguments: Any, **named: Any) -> Any:
        if next(outages, False):
            raise DatabaseUnavailable("restarting")
        return real(*arguments, **named)

    monkeypatch.setattr(export_rows.exported_hits, "page", shaky)
    pauses: list[float] = []
    assert numbers(start(database, sleep=pauses.append)) == list(range(1, 824))
    assert pauses == [0.5, 2.0]
    outages = iter([False] + [True] * 4)
    broken = start(database)
    next(broken.chunks)
    with pytest.raises(DatabaseUnavailable):
        list(broken.chunks)
