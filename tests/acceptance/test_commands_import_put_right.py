"""An import is put right: listed, undone, written anew; the numbers agree with the rows each time."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import tracker, work_until_dry
from tests.support.counted import assert_exact, fold_everything, statistics
from tests.support.erasing import tables_with
from tests.support.queued_hits import enqueue, hit_of, rows
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry
from tracker.store import imports
from tracker.store.database import Database

YESTERDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
pytestmark = pytest.mark.usefixtures("application")


def line(minute: int, address: str, url: str = "/", agent: str = "Test") -> str:
    time = YESTERDAY + timedelta(hours=1, minutes=minute)
    return f'10.0.0.1 - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "GET {url} HTTP/1.1" 200 5 "-" "{agent}" "{address}"\n'


def write(path: Path, *lines: str) -> str:
    path.write_text("".join(lines))
    return str(path)


def import_(settings: Settings, *arguments: str) -> dict[str, Any]:
    """What the summary says; the workers have stored everything and the statistics count it."""
    finished = tracker(settings, "import", *arguments, "--app-id", "shop", "--json")
    assert finished.status == 0, finished.errors
    work_until_dry(settings)
    summary: dict[str, Any] = finished.json
    return summary


def queued_of(database: Database, application: Application, source: str, url: str) -> Entry:
    """A hit of a log that could not be stored at once."""
    with database.transaction() as tx:
        import_id = imports.place(tx, application.id, source)
    hit = hit_of(application, created_at=YESTERDAY, url=url)
    return Entry.imported(hit, import_id, max_retries=3, now=datetime.now(UTC))


def urls(database: Database) -> list[tuple[Any, ...]]:
    return rows(database, "SELECT url, host(ip_address) FROM access_logs ORDER BY created_at, url")


def test_what_was_imported_is_listed_known_and_undone(
    settings: Settings, database: Database, redis: Connection, application: Application, tmp_path: Path
) -> None:
    bots = line(3, "192.0.2.3", agent="Googlebot/2.1")
    web1 = write(tmp_path / "web1.log", line(1, "192.0.2.1", "/a"), line(1, "192.0.2.1", "/a"), bots, "nonsense\n")
    web2 = write(tmp_path / "web2.log", line(1, "192.0.2.1", "/a"), line(2, "192.0.2.2", "/b"))
    assert import_(settings, web2)["known"] == 0
    fold_everything(database)
    before = statistics(database)
    import_(settings, web1)
    again = import_(settings, web1)
    assert (again["queued"], again["known"], again["bots"], again["malformed"]) == (0, 2, 1, 1)
    said = tracker(settings, "import", web1, "--app-id", "shop")
    assert said.output.startswith("4 lines: 0 stored, 2 known already, 1 of bots left out, 1 malformed")
    listed = tracker(settings, "import", "list", "--app-id", "shop", "--json").json
    assert [(log["source"], log["stored"], len(log["runs"])) for log in listed] == [
        ("web1.log", 2, 3), ("web2.log", 2, 1),
    ]  # fmt: skip
    last = listed[0]["runs"][0]
    assert (last["file"], last["lines"], last["known"], last["bots"]) == (web1, 4, 2, 1)
    assert last["finished_at"] >= last["started_at"] >= listed[0]["runs"][1]["finished_at"]
    assert "web1.log" in tracker(settings, "import", "list", "--app-id", "shop").output

    # Some of it waits in the queue, and some of it has failed.
    enqueue(redis, [queued_of(database, application, "web1.log", "/late")])
    undone = tracker(settings, "import", "undo", "--app-id", "shop", "--source", "web1.log", "--yes", "--json")
    assert undone.status == 0, undone.errors
    assert (undone.json["counts"]["access_logs"], undone.json["counts"]["redis_streams"]) == (2, 1)
    work_until_dry(settings)
    fold_everything(database)
    assert urls(database) == [("/a", "10.0.0.1"), ("/b", "10.0.0.1")]
    assert statistics(database) == before
    assert_exact(database)
    assert tables_with(database, "/late") == {}
    # It may be imported anew, also under the same name; undone once more it is gone once more.
    assert import_(settings, web1)["queued"] == 2
    assert len(urls(database)) == 4
    tracker(settings, "import", "undo", "--app-id", "shop", "--source", "web1.log", "--yes")
    nothing = tracker(settings, "import", "undo", "--app-id", "shop", "--source", "other.log", "--yes")
    assert (nothing.status, "`python -m tracker import list` shows the names" in nothing.errors) == (1, True)
    assert len(urls(database)) == 2
    actions = tracker(settings, "apps", "show", "shop", "--json")
    assert actions.status == 0
    assert rows(database, "SELECT subject FROM audit_log WHERE action = 'import.undone' ORDER BY id") == [
        ("web1.log",), ("web1.log",),
    ]  # fmt: skip


def test_lines_that_were_read_wrong_are_written_anew_and_the_statistics_follow(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    log = write(
        tmp_path / "access.log",
        *(line(minute, f"192.0.2.{minute % 3}", f"/{minute}") for minute in range(6)),
        line(7, "10.0.0.1", "/same"),
    )
    import_(settings, log)
    assert {address for _, address in urls(database)} == {"10.0.0.1"}
    fold_everything(database)
    # Read as it should have been: a line that says the same as before stays.
    replaced = import_(settings, log, "--replace", "--address-from", "forwarded")
    assert (replaced["replaced"], replaced["known"], replaced["queued"]) == (6, 1, 0)
    fold_everything(database)
    assert urls(database) == [(f"/{minute}", f"192.0.2.{minute % 3}") for minute in range(6)] + [("/same", "10.0.0.1")]
    assert_exact(database)
    [(requests, visitors)] = rows(database, "SELECT total_requests, unique_visitors FROM daily_statistics")
    assert (requests, visitors) == (7, 4)
    # Once more nothing changes; with another time zone the lines move, and none is there twice.
    again = import_(settings, log, "--replace", "--address-from", "forwarded")
    assert (again["replaced"], again["known"]) == (0, 7)
    moved = import_(settings, log, "--replace", "--address-from", "forwarded", "--timezone", "Asia/Tokyo")
    assert moved["replaced"] == 7
    fold_everything(database)
    assert_exact(database)
    assert len(urls(database)) == 7
    assert rows(database, "SELECT min(created_at) FROM access_logs") == [(YESTERDAY - timedelta(hours=8),)]
    [listed] = tracker(settings, "import", "list", "--app-id", "shop", "--json").json
    assert (listed["stored"], [run.get("replaced", 0) for run in listed["runs"]]) == (7, [7, 0, 6, 0])
    tracker(settings, "import", "undo", "--app-id", "shop", "--source", "access.log", "--yes")
    assert urls(database) == []
    assert rows(database, "SELECT count(*) FROM daily_statistics") == [(0,)]


def test_replacing_waits_for_what_was_imported_before(
    settings: Settings, database: Database, redis: Connection, application: Application, tmp_path: Path
) -> None:
    log = write(tmp_path / "access.log", line(1, "192.0.2.1"))
    tracker(settings, "import", log, "--app-id", "shop")
    enqueue(redis, [queued_of(database, application, "access.log", "/waits")])
    patience = {"tracker.cli.replacing:_PATIENCE": 0.3}
    refused = tracker(settings, "import", log, "--app-id", "shop", "--replace", constants=patience)
    assert (refused.status, "1 hits of earlier imports wait" in refused.errors) == (1, True)


def test_a_file_called_list_is_imported_by_its_path(settings: Settings, tmp_path: Path) -> None:
    log = write(tmp_path / "list", line(1, "192.0.2.1"))
    assert import_(settings, log)["queued"] == 1
    assert json.loads(tracker(settings, "import", "list", "--app-id", "shop", "--json").output)[0]["source"] == "list"


def test_what_an_import_leaves_out_counts_once_in_the_data_quality(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    tracker(settings, "apps", "create", "--name", "Site", "--app-id", "site", "--domain", "site.example")
    bots = [line(minute, f"192.0.2.{minute}", agent="Googlebot/2.1") for minute in range(3)]
    others = [line(70 + minute, "192.0.2.9", f"http://spam.example/{minute}") for minute in range(2)]
    log = write(tmp_path / "access.log", line(1, "192.0.2.1"), *bots, *bots[:1], *others)

    def filtered() -> dict[tuple[str, int], int]:
        query = "SELECT reason, extract(hour FROM hour AT TIME ZONE 'UTC')::integer, hits FROM filtered_hits"
        return {(reason, hour): hits for reason, hour, hits in rows(database, query)}

    for _ in range(2):  # Importing again counts nobody twice; two equal lines are two requests.
        tracker(settings, "import", log, "--app-id", "site")
        assert filtered() == {("bot", 1): 4, ("domain", 2): 2}
    with (tmp_path / "access.log").open("a") as grown:
        grown.write(line(9, "192.0.2.3", agent="k6/0.49.0"))
    tracker(settings, "import", log, "--app-id", "site")
    assert filtered() == {("bot", 1): 5, ("domain", 2): 2}
    # Taken after all, they are not left out any more.
    finished = tracker(settings, "import", log, "--app-id", "site", "--include-bots", "--json")
    assert (finished.json["queued"], finished.json["known"], filtered()) == (5, 1, {("domain", 2): 2})
    tracker(settings, "import", "undo", "--app-id", "site", "--source", "access.log", "--yes")
    assert filtered() == {}
