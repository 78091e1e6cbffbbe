"""Copies of what is in a bucket: fetched whole, bounded, and gone with what is erased, whoever was killed."""

import os
import shutil
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.buckets import NAME, dripping
from tests.support.queued_hits import rows
from tests.support.serving import serving
from tests.support.shop_in_bucket import ShopInBucket
from tests.support.waiting import wait_until
from tracker.errors import FactsUnavailable
from tracker.facts import command_copies
from tracker.facts.bucket import S3Bucket
from tracker.facts.bucket_folder import BucketFolder, is_of_facts
from tracker.wiring.facts import facts_folder


def test_copies_go_by_themselves_while_a_process_lives_also_those_of_one_that_was_killed(
    shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.facts.bucket_folder._LOOK_SECONDS", 0.1)
    shop.store(1)
    shop.make()
    shop.clients()
    [fetched] = [shop.readers.folder.path / name for name in shop.copies() if name.endswith(".parquet")]
    left = shop.settings.facts_cache / fetched.relative_to(shop.readers.folder.path)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of a process before")
    part = left.with_name(f"{left.name}.0123456789abcdef.part")
    part.write_bytes(b"on the way when it was killed")
    os.utime(part, (0, 0))
    rows(shop.database, "DELETE FROM facts_files RETURNING 1")
    facts_folder(shop.settings, shop.database)
    wait_until(lambda: not shop.copies() and not left.exists() and not part.exists())


@pytest.mark.long
def test_a_receiver_that_nobody_asks_removes_what_one_before_left(
    shop: ShopInBucket, environment: dict[str, str], tmp_path: Path
) -> None:
    left = tmp_path / "copies" / "application=a" / "date=2026-01-01" / "x.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of somebody who is erased")
    bucket = {"TRACKER_FACTS_URL": str(shop.settings.facts_url), "TRACKER_FACTS_CACHE": str(tmp_path / "copies")}
    with serving({**environment, **shop.server.environment, **bucket}, tmp_path):
        wait_until(lambda: not left.exists())


def test_what_is_replaced_while_it_is_fetched_leaves_no_copy_and_old_lists_fetch_nothing(
    shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.facts.bucket_folder._LOOK_SECONDS", 3600.0)
    shop.store(1)
    shop.make()
    [file] = rows(shop.database, "SELECT name, bytes, checksum FROM facts_files")
    copies = shop.settings.facts_cache.parent / "late"
    answers: list[bool] = []
    folder = BucketFolder(S3Bucket(f"s3://{NAME}/facts"), copies, lambda names: set(names) if answers.pop(0) else set())
    for are_facts, is_fetched in (([True, False], False), ([False], False), ([True, True], True)):
        answers[:] = are_facts
        assert folder.has(*file) is is_fetched
        assert bool(list(copies.rglob("*.*"))) is is_fetched


def test_a_copy_that_was_spoilt_or_lost_its_visits_is_fetched_again(shop: ShopInBucket) -> None:
    shop.store(1)
    shop.make()
    assert shop.clients() == ["c1"]
    for name in shop.copies():
        copy = shop.readers.folder.path / name
        copy.write_bytes(b"PAR1 of somebody else PAR1")
        assert shop.clients() == ["c1"]
        copy.unlink()
        assert shop.clients() == ["c1"]
    assert len(shop.copies()) == 2


def test_processes_that_share_a_folder_fetch_at_once_and_none_takes_anothers_copy_away(shop: ShopInBucket) -> None:
    shop.store(1)
    shop.make()
    [file] = rows(shop.database, "SELECT name, bytes, checksum FROM facts_files")
    copies = shop.settings.facts_cache.parent / "shared"
    folders = [BucketFolder(S3Bucket(f"s3://{NAME}/facts"), copies, set) for _ in range(2)]

    def is_had(number: int) -> bool:
        time.sleep(number % 12 / 100)  # Some begin while others fetch, or have just done so.
        return folders[number % 2].has(*file) and folders[number % 2].local(file[0]).exists()

    with ThreadPoolExecutor(12) as threads:
        for _ in range(5):
            shutil.rmtree(copies, ignore_errors=True)
            assert all(threads.map(is_had, range(24)))
    assert len(list(copies.rglob("*.*"))) == 2


def test_a_folder_for_copies_that_cannot_be_is_said(shop: ShopInBucket, tmp_path: Path) -> None:
    shop.store(1)
    shop.make()
    (tmp_path / "file").touch()
    shop.readers.folder.path = tmp_path / "file" / "copies"
    said = shop.refusal()
    assert said.startswith(f"The facts cannot be written to {shop.readers.folder.path}/application="), said
    assert said.endswith(": Not a directory."), said


def test_copies_that_were_not_read_for_longest_go_where_there_is_no_room(shop: ShopInBucket, tmp_path: Path) -> None:
    names = [f"application=a/date=2026-01-0{day}/x.parquet" for day in range(1, 5)]
    for number, name in enumerate(names):
        for copy in (tmp_path / name, (tmp_path / name).with_suffix(".visits")):
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(b"x" * 50)
            os.utime(copy, (1000 - number, 1000))
    folder = BucketFolder(S3Bucket(f"s3://{NAME}/facts"), tmp_path, set, max_bytes=250)
    folder.note_read([names[3]])
    assert folder.look() == 2
    assert sorted(str(copy.relative_to(tmp_path)) for copy in tmp_path.rglob("*.parquet")) == [names[0], names[3]]
    folder = BucketFolder(S3Bucket(f"s3://{NAME}/facts"), tmp_path, set, max_bytes=1)
    folder.note_read(names)
    assert folder.look() == 2, "a question may be reading them"


def test_copies_of_a_killed_command_go_and_those_of_a_living_one_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = "import time; from tracker.facts import command_copies; print(command_copies.make_folder(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}; time.sleep(99)"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as command:
        assert command.stdout is not None
        folder = Path(command.stdout.readline().strip())
        os.utime(folder, (0, 0))
        command_copies.remove_abandoned()
        assert folder.is_dir()
        command.kill()
        command.wait()
    command_copies.remove_abandoned()
    assert not folder.exists()


def test_prefixes_that_begin_alike_or_have_blanks_are_places_of_their_own(shop: ShopInBucket) -> None:
    buckets = [S3Bucket(f"s3://{NAME}{prefix}") for prefix in ("/app", "/app2", "/app/in it/é")]
    for bucket in buckets:
        bucket.write("application=a/x.parquet", bucket.url.encode())
    for bucket in buckets:
        assert bucket.read("application=a/x.parquet") == bucket.url.encode()
    assert [one.name for one in buckets[1].objects()] == ["application=a/x.parquet"]
    assert [one.name for one in buckets[2].objects()] == ["application=a/x.parquet"]
    assert [one.name for one in buckets[0].objects() if is_of_facts(one.name)] == ["application=a/x.parquet"]


def test_an_object_that_comes_drop_by_drop_is_given_up_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dripping() as url:
        for name, value in {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "key", "AWS_REGION": "us-east-1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
        with pytest.raises(FactsUnavailable, match=r"does not answer|sends too slowly") as refused:
            S3Bucket("s3://facts").fetch("x.parquet", tmp_path / "x.parquet", seconds=0.5)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))
    assert list(tmp_path.iterdir()) == []


def test_copies_of_a_file_that_was_replaced_go_before_the_file_does(shop: ShopInBucket) -> None:
    shop.store(1)
    writer = shop.make()
    shop.clients()
    rows(shop.database, "UPDATE facts_files SET replaced_at = clock_timestamp() - interval '20 seconds' RETURNING 1")
    writer.turn()
    assert shop.server.names(".parquet"), "for 30 s"
    assert shop.readers.folder.look() == 0
    assert not shop.copies()
