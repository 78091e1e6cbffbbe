"""The folder of the facts is full, or read-only, or its readers are killed: said in a line, and nothing is lost."""

import os
import resource
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

import pytest

from tests.support.facts import facts, make_facts
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tests.support.stepping import stepping
from tracker.application import Application
from tracker.errors import FactsUnavailable
from tracker.facts.engine import Engine, FactsDamaged
from tracker.facts.write import Writer
from tracker.queueing.connection import Connection
from tracker.store.database import Database

PROJECT = Path(__file__).resolve().parents[2]
READERS = 4
MAX_ANSWERS = 1000
DISK = 40_000
"""Bytes that fit."""
ARRIVING = 300
_NOBODY = 65534


@contextmanager
def full_disk() -> Iterator[None]:
    """The limit of a file's size stands for the disk: SIGXFSZ is ignored, as Python has it, and writing fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write away; from root, who has it anyway, by being nobody for a moment."""
    folders = [path for path in (folder, *folder.rglob("*")) if path.is_dir()]
    for directory in folders:
        directory.chmod(0o555)
    above = [parent for parent in folder.parents if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001]
    for directory in above:
        directory.chmod(directory.stat().st_mode | 0o011)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for directory in folders:
            directory.chmod(0o750)
        for directory in above:
            directory.chmod(directory.stat().st_mode & ~0o011)


def pages(database: Database, folder: Path) -> set[str]:
    return {page for (page,) in facts(database, folder, "page")}


def refused_and_made_later(
    database: Database, writer: Writer, folder: Path, fault: AbstractContextManager[None]
) -> None:
    """Let a turn fail, and the next one make what waited."""
    with fault:
        assert writer.turn() == 0
        said = str(writer.problem)
    assert "cannot be written" in said
    assert "\n" not in said
    assert rows(database, "SELECT problem FROM facts_folder") == [(said,)]
    assert pages(database, folder) == {"/1"}
    assert rows(database, "SELECT count(*) FROM access_logs") == [(1 + ARRIVING,)]
    assert writer.turn() == 1
    assert len(pages(database, folder)) == 1 + ARRIVING
    assert rows(database, "SELECT problem FROM facts_folder") == [(None,)]


def more_hits(database: Database, redis: Connection, application: Application, folder: Path) -> Writer:
    enqueue(redis, [hit_of(application, 1)])
    drain(redis, database)
    writer = make_facts(database, folder)
    enqueue(
        redis, [hit_of(application, n, url=f"https://shop.example/{token_hex(99)}") for n in range(2, 2 + ARRIVING)]
    )
    drain(redis, database)
    return writer


def test_a_full_disk_is_said_and_what_waits_is_made_when_there_is_room(
    database: Database, redis: Connection, application: Application, tmp_path: Path
) -> None:
    writer = more_hits(database, redis, application, tmp_path / "facts")
    refused_and_made_later(database, writer, tmp_path / "facts", full_disk())


def test_what_the_engine_cannot_write_is_no_damage(tmp_path: Path) -> None:
    engine = Engine(tmp_path, memory_megabytes=64)
    copy = f"COPY (SELECT random() FROM range(100000)) TO '{tmp_path}/made' (FORMAT parquet)"
    with (
        full_disk(),
        pytest.raises(FactsUnavailable, match="cannot be written: File too large") as said,
        engine.cursor(seconds=30) as cursor,
    ):
        cursor.run(copy)
    assert not isinstance(said.value, FactsDamaged)
    engine.close()


def test_a_read_only_folder_is_said_and_what_waits_is_made_when_it_can_be_written(
    database: Database, redis: Connection, application: Application, tmp_path: Path
) -> None:
    writer = more_hits(database, redis, application, tmp_path / "facts")
    refused_and_made_later(database, writer, tmp_path / "facts", read_only(tmp_path / "facts"))


def test_readers_killed_in_the_middle_leave_nothing_and_see_whole_facts(
    database: Database, redis: Connection, application: Application, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "facts"
    asked = environment["DATABASE_URL"], str(folder), f"{NOON:%Y-%m-%d}"
    writer = make_facts(database, folder)
    stored = 0
    for number in range(READERS):
        arriving = range(stored, stored + 10)
        enqueue(redis, [hit_of(application, n, created_at=NOON + timedelta(minutes=n)) for n in arriving])
        drain(redis, database)
        writer.turn()
        before, stored = stored, stored + 10
        with stepping(environment, "reports_process", *asked) as reader:
            seen = [int(reader.step()) for _ in range(number + 1)]
            enqueue(redis, [hit_of(application, stored, created_at=NOON + timedelta(minutes=stored))])
            drain(redis, database)
            writer.turn()
            writer.remove_replaced(0)
            stored += 1
            while seen[-1] != stored and len(seen) < MAX_ANSWERS:
                seen.append(int(reader.step()))
        assert set(seen) <= {stored - 1, stored}
        assert (before, seen[-1]) == (stored - 11, stored)
        assert seen == sorted(seen)
    assert len(facts(database, folder, "page")) == stored
    writer.swept_at = float("-inf")
    writer.turn()
    assert list((folder / "work").iterdir()) == []
