"""The columnar copy follows the hits: new, late, repeated and erased ones, whatever kills its writer."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.erasing import erase
from tests.support.facts import facts, make_facts
from tests.support.queued_hits import define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.facts.folder import MARK
from tracker.facts.visits import beside
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "facts"


def pages(database: Database, folder: Path) -> list[str]:
    return [page for (page,) in facts(database, folder, "page")]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def test_stored_hits_are_facts_and_a_late_one_joins_them(
    database: Database, redis: Connection, application: Application, folder: Path
) -> None:
    enqueue(redis, [hit_of(application, number, created_at=HOUR + timedelta(minutes=number)) for number in (1, 3)])
    drain(redis, database)
    make_facts(database, folder)
    assert pages(database, folder) == ["/1", "/3"]
    enqueue(redis, [hit_of(application, 2, created_at=HOUR + timedelta(minutes=2))])
    enqueue(redis, [hit_of(application, 1, created_at=HOUR + timedelta(minutes=1))])
    drain(redis, database)
    make_facts(database, folder)
    assert pages(database, folder) == ["/1", "/2", "/3"]
    assert rows(database, "SELECT count(*) FROM facts_marks") == [(0,)]


@pytest.mark.parametrize("hostile", ["a\"b,'c'\n\\N\r\nNULL \N{PILE OF POO}", "\r", '"\r\n'])
def test_a_fact_says_what_was_stored_of_its_hit(
    database: Database, redis: Connection, application: Application, folder: Path, hostile: str
) -> None:
    define(database, application, "price", "number")
    define(database, application, "Größe", "string")
    hit = hit_of(
        application,
        created_at=HOUR,
        url="https://Shop.example/cart?utm_source=News&utm_medium=email&gclid=1",
        referrer="https://www.google.co.jp/search?q=x",
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.0 Mobile/15E148 Safari/604.1",
        client_sub_id=hostile,
        module_id="NULL",
        screen_resolution="390x844",
        language="ja-JP",
        timezone="Asia/Tokyo",
        event_name="",
        custom_params={"price": 2.5, "Größe": hostile},
    )
    enqueue(redis, [hit])
    drain(redis, database)
    make_facts(database, folder)
    columns = (
        "time, is_view, event, host, page, referrer, source, channel, utm_source, utm_medium, click_id, browser, "
        "browser_version, system, device, country, language, screen, module, client, p_price, px_4772c3b6c39f65"
    )
    [fact] = facts(database, folder, columns)
    assert fact == (
        *(HOUR.replace(tzinfo=None), False, "", "shop.example", "/cart", "google.co.jp/search", "news", "mail"),
        *("News", "email", "gclid", "Mobile Safari", "17", "iOS", "phone", "JP", "ja", "small", "NULL", hostile),
        *("2.5", hostile),
    )


def test_the_hours_of_a_day_that_is_over_become_one_file(
    database: Database, redis: Connection, application: Application, folder: Path
) -> None:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    hits = [hit_of(application, n, created_at=day + timedelta(hours=hour)) for n, hour in enumerate((0, 5, 5, 23))]
    for arriving in (hits[1:3], [hits[0], hits[3]]):
        enqueue(redis, arriving)
        drain(redis, database)
        writer = make_facts(database, folder)
    assert len(files(folder)) == 3
    rows(database, "UPDATE facts_files SET made_at = made_at - interval '1 hour' RETURNING 1")
    writer.swept_at = float("-inf")
    writer.turn()
    assert rows(database, "SELECT first_hour, last_hour, facts FROM facts_files WHERE replaced_at IS NULL") == [
        (0, 23, 4)
    ]
    enqueue(redis, [hit_of(application, 9, created_at=day + timedelta(hours=5, minutes=1))])
    drain(redis, database)
    writer.turn()
    writer.remove_replaced(0)
    assert pages(database, folder) == ["/0", "/1", "/2", "/9", "/3"]
    assert len(files(folder)) == 1


def test_what_is_erased_is_gone_from_the_copy_before_the_receipt_says_so(
    database: Database, redis: Connection, application: Application, folder: Path
) -> None:
    enqueue(
        redis,
        [
            hit_of(application, number, created_at=HOUR + timedelta(minutes=number), client_sub_id=f"client {number}")
            for number in (1, 2)
        ],
    )
    drain(redis, database)
    writer = make_facts(database, folder)

    def write() -> None:
        writer.turn()
        writer.remove_replaced(0)

    receipt = erase(database, redis, clients=["client 1"], write_facts=write)
    assert receipt.state == "done"
    assert [client for (client,) in facts(database, folder, "client")] == ["client 2"]
    assert len(files(folder)) == 1
    assert rows(database, "SELECT count(*) FROM facts_files") == [(1,)]


def test_applications_stand_apart(
    database: Database, redis: Connection, application: Application, folder: Path
) -> None:
    from tracker.management import applications

    other, _ = applications.create(database, name="Blog", app_id="blog", rate_limit=1000)
    assert isinstance(other, Application)
    enqueue(redis, [hit_of(application, 1, created_at=HOUR), hit_of(other, 2, created_at=HOUR)])
    drain(redis, database)
    make_facts(database, folder)
    for owner in (application, other):
        assert len(list((folder / f"application={owner.id}").rglob("*.parquet"))) == 1


def test_a_folder_that_is_gone_or_anothers_is_said_once_and_what_is_marked_waits(
    database: Database, redis: Connection, application: Application, folder: Path
) -> None:
    enqueue(redis, [hit_of(application, 1, created_at=HOUR)])
    drain(redis, database)
    writer = make_facts(database, folder)
    moved = folder.with_name("moved")
    folder.rename(moved)
    enqueue(redis, [hit_of(application, 2, created_at=HOUR + timedelta(minutes=1))])
    drain(redis, database)
    assert writer.turn() == 0
    assert "are not in" in str(writer.problem)
    folder.mkdir()
    (folder / MARK).write_text(str(UUID(int=1)))
    writer.turn()
    assert "another database" in str(writer.problem)
    [(problem,)] = rows(database, "SELECT problem FROM facts_folder")
    assert problem == writer.problem
    (folder / MARK).unlink()
    folder.rmdir()
    moved.rename(folder)
    assert writer.turn() == 1
    assert pages(database, folder) == ["/1", "/2"]
    assert rows(database, "SELECT problem FROM facts_folder") == [(None,)]


@pytest.mark.parametrize("harm", ["cut", "gone", "flipped"])
def test_a_damaged_file_is_made_anew_from_the_rows(
    database: Database, redis: Connection, application: Application, folder: Path, harm: str
) -> None:
    enqueue(redis, [hit_of(application, number, created_at=HOUR) for number in (1, 2)])
    drain(redis, database)
    writer = make_facts(database, folder)
    [file] = files(folder)
    if harm == "gone":
        file.unlink()
    else:
        data = bytearray(file.read_bytes())
        data[len(data) // 3] ^= 255
        file.write_bytes(data if harm == "flipped" else data[: len(data) // 2])
    enqueue(redis, [hit_of(application, 3, created_at=HOUR + timedelta(minutes=1))])
    drain(redis, database)
    for _ in range(3):
        writer.turn()
    assert sorted(pages(database, folder)) == ["/1", "/2", "/3"]


def test_a_file_without_visits_is_written_anew_from_itself(
    database: Database, redis: Connection, application: Application, folder: Path
) -> None:
    enqueue(redis, [hit_of(application, number, created_at=HOUR) for number in (1, 2)])
    drain(redis, database)
    writer = make_facts(database, folder)
    [file] = files(folder)
    beside(file).unlink()
    rows(database, "UPDATE facts_files SET checksum = left(checksum, 32) RETURNING 1")
    # The rows are no longer asked: the file itself has all that is needed.
    rows(database, "UPDATE access_logs SET url = 'https://shop.example/other' RETURNING 1")
    writer.swept_at = float("-inf")
    writer.turn()
    writer.remove_replaced(0)
    assert sorted(pages(database, folder)) == ["/1", "/2"]
    [anew] = files(folder)
    assert anew != file
    assert beside(anew).is_file()
    assert rows(database, "SELECT length(checksum) FROM facts_files") == [(64,)]


def test_leftovers_of_a_killed_writer_are_removed(
    database: Database, redis: Connection, application: Application, folder: Path
) -> None:
    enqueue(redis, [hit_of(application, 1, created_at=HOUR)])
    drain(redis, database)
    writer = make_facts(database, folder)
    [file] = files(folder)
    unknown = file.with_name("00-00-0123456789abcdef.parquet")
    unknown.write_bytes(file.read_bytes())
    os.utime(unknown, (0, 0))
    dead = folder / "work" / "dead"
    dead.mkdir()
    (dead / "lock").touch()
    (dead / "rows.csv").write_text("a person's row")
    writer.swept_at = float("-inf")
    writer.turn()
    assert files(folder) == [file]
    assert list((folder / "work").iterdir()) == []
