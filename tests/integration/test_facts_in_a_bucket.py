"""Facts in a bucket of an S3-compatible server: written, read, erased; the bucket away, refusing, damaged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.archiving import HITS, OLD, store_old_month
from tests.support.buckets import NAME, BucketServer, bucket_server, folder_in_bucket, make_facts_in
from tests.support.command_line import tracker
from tests.support.erasing import erase
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import Refused
from tracker.facts.bucket import S3Bucket
from tracker.facts.bucket_folder import BucketFolder
from tracker.facts.write import Writer
from tracker.queueing.connection import Connection
from tracker.reports import answer
from tracker.reports.answers import Answers
from tracker.reports.readers import Readers
from tracker.store.database import Database

MARK = "facts/access-log-tracker-facts"


@dataclass
class Stage:
    """An application whose facts are in a bucket."""

    database: Database
    redis: Connection
    application: Application
    server: BucketServer
    settings: Settings
    """Of a command."""
    folder: BucketFolder
    """As the scheduler sees it."""
    readers: Readers
    """As another machine sees it, where nobody waits for long."""

    def store(self, *numbers: int) -> None:
        enqueue(self.redis, [hit_of(self.application, number, client_sub_id=f"c{number}") for number in numbers])
        drain(self.redis, self.database)

    def make(self) -> Writer:
        return make_facts_in(self.folder, self.database)

    def clients(self) -> list[str]:
        self.readers.answers = Answers()
        asked = {"dimensions": "client", "measures": "requests", "order": "client"}
        report = answer.read(self.database, self.readers, app_id="shop", given=asked, now=NOON)
        return [row["client"] for row in report.rows]

    def refusal(self) -> str:
        with pytest.raises(Refused) as refused:
            self.clients()
        assert refused.value.status == 503
        assert "\n" not in refused.value.message
        return refused.value.message

    def copies(self) -> list[str]:
        return [str(file.relative_to(self.readers.folder.path)) for file in self.readers.folder.path.glob("app*/*/*")]


@pytest.fixture
def stage(
    database: Database, redis: Connection, application: Application, settings: Settings, bucket: BucketServer
) -> Iterator[Stage]:
    folder = settings.facts_cache.parent
    readers = Readers(folder_in_bucket(database, folder / "receiver", timeout_seconds=1))
    in_bucket = replace(settings, facts_url=f"s3://{NAME}/facts")
    scheduler = folder_in_bucket(database, folder / "scheduler")
    yield Stage(database, redis, application, bucket, in_bucket, scheduler, readers)
    readers.close()


@pytest.fixture(scope="module")
def bucket_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    with bucket_server(tmp_path_factory.mktemp("moto") / "log") as started:
        yield started


@pytest.fixture
def bucket(bucket_of_all: BucketServer, monkeypatch: pytest.MonkeyPatch) -> BucketServer:
    bucket_of_all.empty()
    for name, value in bucket_of_all.environment.items():
        monkeypatch.setenv(name, value)
    return bucket_of_all


def test_facts_are_written_read_elsewhere_and_gone_with_an_erasure_from_bucket_and_copies(stage: Stage) -> None:
    stage.store(1, 2)
    writer = stage.make()
    assert writer.problem is None
    assert stage.clients() == ["c1", "c2"]
    stage.store(3)
    writer.turn()
    assert stage.clients() == ["c1", "c2", "c3"]
    before = stage.server.names(".parquet")

    def write() -> None:
        writer.turn()
        writer.remove_replaced(0)

    erase(stage.database, stage.redis, clients=["c1"], write_facts=write)
    assert not set(stage.server.names()) & set(before), "the receipt is there, and no file that held them"
    assert stage.clients() == ["c2", "c3"]
    stage.readers.folder.look()
    [(name,)] = rows(stage.database, "SELECT name FROM facts_files WHERE replaced_at IS NULL")
    assert sorted(stage.copies()) == sorted([name, name.replace(".parquet", ".visits")])
    assert {f"facts/{name}", MARK} < set(stage.server.names())


def test_copies_go_by_themselves_while_a_process_lives(stage: Stage) -> None:
    stage.store(1)
    stage.make()
    stage.clients()
    assert stage.copies()
    rows(stage.database, "DELETE FROM facts_files RETURNING 1")
    wait_until(lambda: not stage.copies())


def test_copies_of_a_file_that_was_replaced_go_before_the_file_does(stage: Stage) -> None:
    stage.store(1)
    writer = stage.make()
    stage.clients()
    rows(stage.database, "UPDATE facts_files SET replaced_at = clock_timestamp() - interval '20 seconds' RETURNING 1")
    writer.turn()
    assert stage.server.names(".parquet"), "for 30 s"
    assert stage.readers.folder.look() == 0
    assert not stage.copies()


def test_a_bucket_that_is_away_slow_or_refuses_is_said_and_counting_goes_on(stage: Stage) -> None:
    stage.store(1)
    writer = stage.make()
    copies = stage.settings.facts_cache.parent / "impatient"
    writer.folder = folder_in_bucket(stage.database, copies, timeout_seconds=1)
    stage.store(2)
    for trouble, words in ((stage.server.refusing, "refuses access"), (stage.server.frozen, "does not answer")):
        with trouble():
            assert words in stage.refusal()
            writer.turn()
            assert writer.problem is not None
            assert words in writer.problem
            [said] = [one for one in tracker(stage.settings, "doctor", "--json").json if one["check"] == "facts"]
            assert (said["level"], words in said["seen"]) == ("warn", True)
    stage.store(3)
    assert rows(stage.database, "SELECT count(*)::int FROM access_logs") == [(3,)]
    writer.turn()
    assert writer.problem is None
    assert stage.clients() == ["c1", "c2", "c3"]


@pytest.mark.parametrize(("end", "trouble"), [(".parquet", "damaged"), (".visits", "missing")])
def test_an_object_that_is_damaged_or_missing_is_said_and_mended_by_a_rebuild(
    stage: Stage, end: str, trouble: str
) -> None:
    stage.store(1, 2)
    stage.make()
    [name] = stage.server.names(end)
    if trouble == "missing":
        stage.server.delete(name)
    else:
        whole = stage.server.object(name)
        stage.server.put(name, whole[:-9] + b"x" + whole[-8:])
    assert "stats rebuild" in stage.refusal()
    verified = tracker(stage.settings, "stats", "verify")
    assert (verified.status, "damaged or gone" in verified.output) == (1, True), verified.output + verified.errors
    day = str(NOON.date())
    assert tracker(stage.settings, "stats", "rebuild", "--from", day, "--to", day).status == 0
    assert stage.clients() == ["c1", "c2"]
    assert tracker(stage.settings, "stats", "verify").status == 0


def test_a_bucket_without_its_mark_or_another_databases(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.facts.bucket_folder._MARK_SECONDS", 0.0)
    stage.store(1)
    stage.make()
    mark = stage.server.object(MARK)
    stage.server.put(MARK, b"00000000-0000-4000-8000-000000000000\n")
    assert "another database" in stage.refusal()
    stage.server.put(MARK, b"nonsense")
    assert "does not say" in stage.refusal()
    stage.server.delete(MARK)
    assert "are not in s3://" in stage.refusal()
    stage.server.put(MARK, mark)
    assert stage.clients() == ["c1"]


def test_a_bucket_that_is_not_there_is_said_and_one_that_belongs_to_another_database_is_not_taken(stage: Stage) -> None:
    stage.store(1)
    nowhere = BucketFolder(S3Bucket("s3://no-such-bucket"), stage.folder.path, lambda _: set())
    writer = make_facts_in(nowhere, stage.database)
    assert writer.problem is not None
    assert "s3://no-such-bucket" in writer.problem
    stage.server.put(MARK, b"00000000-0000-4000-8000-000000000000\n")
    assert "another database" in str(stage.make().problem)


def test_what_a_killed_writer_left_in_the_bucket_is_removed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.store(1)
    writer = stage.make()
    [file] = stage.server.names(".parquet")
    stray = file.replace(".parquet", "0.visits")
    stage.server.put(stray, b"x")
    monkeypatch.setattr("tracker.facts.bucket_folder.LEFTOVER_SECONDS", 0.0)
    monkeypatch.setattr("tracker.facts.bucket_folder._LIST_SECONDS", 0.0)

    def is_removed() -> bool:
        writer.swept_at = float("-inf")
        writer.turn()
        return stray not in stage.server.names()

    wait_until(is_removed)
    assert file in stage.server.names()


def test_a_month_is_archived_into_the_bucket_and_comes_back(stage: Stage) -> None:
    store_old_month(stage.database, stage.application, None)
    stage.make()
    everything = "SELECT row::text FROM access_logs AS row ORDER BY 1"
    before: list[tuple[Any, ...]] = rows(stage.database, everything)
    assert len(before) == HITS
    done = tracker(stage.settings, "partitions", "archive", str(OLD), "--full", "--yes", "--json")
    assert done.status == 0, done.errors
    assert rows(stage.database, everything) == []
    assert [name for name in stage.server.names() if name.startswith("facts/hits/")]
    back = tracker(stage.settings, "partitions", "restore", str(OLD), "--json")
    assert (back.status, back.json["hits"]) == (0, HITS), back.errors
    assert rows(stage.database, everything) == before
