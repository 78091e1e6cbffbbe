"""Facts in a bucket of an S3-compatible server: written, read, erased; the bucket away, refusing, damaged."""

from typing import Any

import pytest

from tests.support.archiving import HITS, OLD, store_old_month
from tests.support.buckets import folder_in_bucket, make_facts_in
from tests.support.command_line import tracker
from tests.support.erasing import erase
from tests.support.queued_hits import NOON, rows
from tests.support.shop_in_bucket import ShopInBucket
from tests.support.waiting import wait_until
from tracker.diagnostics.facts_checks import about_facts_here
from tracker.facts.bucket import S3Bucket
from tracker.facts.bucket_folder import BucketFolder

MARK = "facts/access-log-tracker-facts"


def test_facts_are_written_read_elsewhere_and_gone_with_an_erasure_from_bucket_and_copies(shop: ShopInBucket) -> None:
    shop.store(1, 2)
    writer = shop.make()
    assert writer.problem is None
    assert shop.clients() == ["c1", "c2"]
    shop.store(3)
    writer.turn()
    assert shop.clients() == ["c1", "c2", "c3"]
    before = shop.server.names(".parquet")

    def write() -> None:
        writer.turn()
        writer.remove_replaced(0)

    erase(shop.database, shop.redis, clients=["c1"], write_facts=write)
    assert not set(shop.server.names()) & set(before), "the receipt is there, and no file that held them"
    assert shop.clients() == ["c2", "c3"]
    shop.readers.folder.look()
    [(name,)] = rows(shop.database, "SELECT name FROM facts_files WHERE replaced_at IS NULL")
    assert sorted(shop.copies()) == sorted([name, name.replace(".parquet", ".visits")])
    assert {f"facts/{name}", MARK} < set(shop.server.names())


@pytest.mark.parametrize(
    ("trouble", "words"),
    [("refusing", "refuses access"), pytest.param("frozen", "does not answer", marks=pytest.mark.long)],
)
def test_a_bucket_that_is_away_slow_or_refuses_is_said_and_counting_goes_on(
    shop: ShopInBucket, trouble: str, words: str
) -> None:
    shop.store(1)
    writer = shop.make()
    copies = shop.settings.facts_cache.parent / "impatient"
    writer.folder = folder_in_bucket(shop.database, copies, timeout_seconds=1)
    shop.store(2)
    with shop.server.frozen() if trouble == "frozen" else shop.server.refusing():
        assert words in shop.refusal()
        writer.turn()
        assert writer.problem is not None
        assert words in writer.problem
        [problem] = rows(shop.database, "SELECT problem FROM facts_folder")
        assert problem == (writer.problem,), "which pages and the doctor show"
        if trouble == "refusing":  # Each time it is asked, the other one takes seconds.
            [seen] = about_facts_here(shop.database, writer.folder)
            assert (seen.level, words in seen.seen) == ("warn", True)
    shop.store(3)
    assert rows(shop.database, "SELECT count(*)::int FROM access_logs") == [(3,)]
    writer.turn()
    assert writer.problem is None
    assert shop.clients() == ["c1", "c2", "c3"]


@pytest.mark.parametrize(
    ("end", "trouble"), [(".parquet", "damaged"), pytest.param(".visits", "missing", marks=pytest.mark.long)]
)
def test_an_object_that_is_damaged_or_missing_is_said_and_mended_by_a_rebuild(
    shop: ShopInBucket, end: str, trouble: str
) -> None:
    shop.store(1, 2)
    shop.make()
    [name] = shop.server.names(end)
    if trouble == "missing":
        shop.server.delete(name)
    else:
        whole = shop.server.object(name)
        shop.server.put(name, whole[:-9] + b"x" + whole[-8:])
    assert "stats rebuild" in shop.refusal()
    verified = tracker(shop.settings, "stats", "verify", "--json")
    assert (verified.status, "damaged or gone" in verified.output) == (1, True), verified.output + verified.errors
    assert verified.json
    day = str(NOON.date())
    assert tracker(shop.settings, "stats", "rebuild", "--from", day, "--to", day).status == 0
    assert shop.clients() == ["c1", "c2"]


def test_a_bucket_without_its_mark_or_another_databases(shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.facts.bucket_folder._MARK_SECONDS", 0.0)
    shop.store(1)
    shop.make()
    mark = shop.server.object(MARK)
    shop.server.put(MARK, b"00000000-0000-4000-8000-000000000000\n")
    assert "another database" in shop.refusal()
    shop.server.put(MARK, b"nonsense")
    assert "does not say" in shop.refusal()
    shop.server.delete(MARK)
    assert "are not in s3://" in shop.refusal()
    shop.server.put(MARK, mark)
    assert shop.clients() == ["c1"]


def test_a_bucket_that_is_not_there_is_said_and_one_that_belongs_to_another_database_is_not_taken(
    shop: ShopInBucket,
) -> None:
    shop.store(1)
    nowhere = BucketFolder(S3Bucket("s3://no-such-bucket"), shop.folder.path, lambda _: set())
    writer = make_facts_in(nowhere, shop.database)
    assert writer.problem is not None
    assert "s3://no-such-bucket" in writer.problem
    shop.server.put(MARK, b"00000000-0000-4000-8000-000000000000\n")
    assert "another database" in str(shop.make().problem)


def test_what_a_killed_writer_left_in_the_bucket_is_removed(
    shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.store(1)
    writer = shop.make()
    [file] = shop.server.names(".parquet")
    stray = file.replace(".parquet", "0.visits")
    shop.server.put(stray, b"x")
    monkeypatch.setattr("tracker.facts.bucket_folder.LEFTOVER_SECONDS", 0.0)
    monkeypatch.setattr("tracker.facts.bucket_folder._LIST_SECONDS", 0.0)

    def is_removed() -> bool:
        writer.swept_at = float("-inf")
        writer.turn()
        return stray not in shop.server.names()

    wait_until(is_removed)
    assert file in shop.server.names()


def test_a_month_is_archived_into_the_bucket_and_comes_back(shop: ShopInBucket) -> None:
    store_old_month(shop.database, shop.application, None)
    shop.make()
    everything = "SELECT row::text FROM access_logs AS row ORDER BY 1"
    before: list[tuple[Any, ...]] = rows(shop.database, everything)
    assert len(before) == HITS
    done = tracker(shop.settings, "partitions", "archive", str(OLD), "--full", "--yes", "--json")
    assert done.status == 0, done.errors
    assert rows(shop.database, everything) == []
    assert [name for name in shop.server.names() if name.startswith("facts/hits/")]
    back = tracker(shop.settings, "partitions", "restore", str(OLD), "--json")
    assert (back.status, back.json["hits"]) == (0, HITS), back.errors
    assert rows(shop.database, everything) == before
