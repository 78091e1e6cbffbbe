"""A log that is followed through rotations: real files, every line once, with its place among its equals."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.followed import Reading, copytruncate, pack, rename, write
from tracker.importing import followed_log
from tracker.importing.positions import StateFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def reading(path: Path) -> Iterator[Reading]:
    with closing(Reading(path)) as opened:
        yield opened


ROTATIONS = pytest.mark.parametrize("rotate", [rename, copytruncate])


def test_what_is_appended_is_read_once_and_a_line_without_an_end_waits(path: Path, reading: Reading) -> None:
    reading.read()
    write(path, "a", "b")
    reading.read()
    write(path, "c", end="")
    reading.read()
    assert reading.taken == [(b"a", 0), (b"b", 0)]
    write(path, "d", "a")
    reading.read()
    assert reading.taken[2:] == [(b"cd", 0), (b"a", 1)]


@ROTATIONS
def test_a_rotation_while_it_runs(path: Path, reading: Reading, rotate: Callable[[Path], None]) -> None:
    write(path, "a", "b")
    reading.read()
    write(path, "c")
    rotate(path)
    write(path, "a", "d", "e", "f")  # Longer than what was there before.
    reading.read()
    assert sorted(reading.taken) == [(b"a", 0), (b"a", 1), *((line, 0) for line in (b"b", b"c", b"d", b"e", b"f"))]
    assert reading.told == []


@pytest.mark.parametrize("is_down", [False, True])
def test_equal_lines_on_both_sides_of_a_rename(path: Path, reading: Reading, *, is_down: bool) -> None:
    write(path, "a")
    reading.read()
    reading.save()
    rename(path)
    write(path, "a")
    if is_down:
        reading.restart()
    reading.read()
    assert reading.lines() == Counter({b"a": 2})


def test_the_old_piece_is_read_on_after_a_rename(path: Path, reading: Reading) -> None:
    write(path, "a")
    reading.read()
    with path.open("a") as server:
        rename(path)
        write(path, "new")
        reading.read()
        server.write("late\n")
        server.flush()
        reading.read(1)
        assert (b"late", 0) in reading.taken
        server.write("half")
    reading.read(followed_log.GRACE + 1)
    assert reading.lines() == Counter([b"a", b"late", b"new"])
    assert [words for words in reading.told if "has no end" in words]


@ROTATIONS
@pytest.mark.parametrize("is_packed", [False, True])
def test_several_rotations_while_it_was_down(
    path: Path, reading: Reading, rotate: Callable[[Path], None], *, is_packed: bool
) -> None:
    write(path.with_name("access.log.7"), "long ago")
    write(path, "a", "b")
    reading.read()
    reading.save()
    write(path, "c")
    for number in range(4):
        rotate(path)
        write(path, f"of {number}", "b")
        if is_packed and number < 3:
            pack(path.with_name("access.log.1"))
    reading.restart()
    reading.read()
    assert reading.lines() == Counter([b"a", *[b"b"] * 5, b"c", b"of 0", b"of 1", b"of 2", b"of 3"])
    assert reading.told == []


def test_pieces_with_dates(path: Path, reading: Reading) -> None:
    write(path, "a")
    reading.read()
    reading.save()
    for day in ("20261129", "20261130", "20261201"):
        write(path, day)
        path.rename(f"{path}-{day}")
    write(path, "z")
    reading.restart()
    reading.read()
    assert reading.lines() == Counter([b"a", b"20261129", b"20261130", b"20261201", b"z"])


def test_the_inode_of_a_deleted_file_says_nothing(path: Path, reading: Reading) -> None:
    write(path, "a" * 50, "b")
    reading.read()
    reading.save()
    reading.restart()
    reading.state.pieces[-1].inode = 0
    inode = path.stat().st_ino
    path.unlink()
    write(path, "c" * 50, "d", "e")
    reading.log.saved.pieces[-1].inode = path.stat().st_ino
    reading.read()
    assert inode
    assert (b"c" * 50, 0) in reading.taken
    assert "may be missing" in reading.told[0]


def test_a_file_that_was_written_anew_with_the_same_content_is_the_same(path: Path, reading: Reading) -> None:
    write(path, "a", "b")
    reading.read()
    copied = path.with_name("copy")
    shutil.copy(path, copied)
    copied.replace(path)
    write(path, "c")
    reading.read()
    reading.save()
    reading.restart()
    reading.read()
    assert reading.taken == [(b"a", 0), (b"b", 0), (b"c", 0)]


def test_a_copy_that_was_made_before_the_last_lines_were_read(path: Path, reading: Reading) -> None:
    write(path, "a" * 2000)
    shutil.copy(path, path.with_name("access.log.1"))
    write(path, "b")  # copytruncate loses this for all others.
    reading.read()
    path.write_text("c\nd\n")
    reading.read()
    assert reading.lines() == Counter([b"a" * 2000, b"b", b"c", b"d"])
    assert reading.told == []


def test_a_copy_under_way_is_not_read_beside_its_original(path: Path, reading: Reading) -> None:
    write(path, "a")
    reading.read()
    copytruncate(path)
    write(path, "b", "c")
    # The next copytruncate has copied, and not truncated yet.
    path.with_name("access.log.1").rename(path.with_name("access.log.2"))
    shutil.copy(path, path.with_name("access.log.1"))
    reading.read()
    path.write_text("d\n")
    reading.read()
    assert reading.lines() == Counter([b"a", b"b", b"c", b"d"])


def test_a_line_beyond_a_chunk_is_one_line_too_long(path: Path, reading: Reading) -> None:
    write(path, "x" * 3_000_000, end="")
    reading.read()
    assert reading.taken == []
    write(path, "", "after")
    chunk = reading.log.next_chunk()
    assert chunk is not None
    assert [line.too_long for line in chunk.lines] == [True]
    reading.log.take(chunk)
    reading.read()
    assert reading.taken == [(b"after", 0)]
    reading.save()
    reading.restart()
    write(path, "more")
    reading.read()
    assert reading.taken[1:] == [(b"more", 0)]


@pytest.mark.parametrize("head", ["", "<190>1 2026-11-28T10:00:00Z host iis - - - "], ids=["bare", "carried"])
@pytest.mark.parametrize("is_rotated", [False, True])
def test_a_header_of_fields_outlives_a_restart(path: Path, reading: Reading, head: str, *, is_rotated: bool) -> None:
    write(path, f"{head}#Software: Tomcat", f"{head}#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent)")
    write(path, f'{head}2026-11-28 10:00:00 192.0.2.1 GET / "A"')
    reading.read()
    reading.save()
    if is_rotated:
        rename(path)
        write(path, "")
    reading.restart()
    reading.read()
    record = reading.log.reader(f'{head}2026-11-28 10:00:01 192.0.2.1 GET /b "caf\\u00c3\\u00a9"'.encode())
    assert record is not None
    assert record.columns["user_agent"] == "café"  # As Tomcat escapes.


def test_a_part_of_a_line_outlives_a_restart(path: Path, reading: Reading) -> None:
    part = b'2026-11-28T10:00:00.1Z stdout P 192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] "GET /'
    write(path, part.decode())
    reading.read()
    reading.save()
    reading.restart()
    reading.read()
    record = reading.log.reader(b'2026-11-28T10:00:00.1Z stdout F long HTTP/1.1" 200 5')
    assert record is not None
    assert record.columns["url"] == "/long"


def test_a_deleted_log_is_let_go(path: Path, reading: Reading) -> None:
    write(path, "a")
    reading.read()
    path.unlink()
    reading.read(followed_log.GRACE + 1)
    assert reading.log._open == []
    write(path, "b", "c")
    reading.read()
    assert reading.lines() == Counter([b"a", b"b", b"c"])


@pytest.mark.parametrize("seed", range(25))
def test_any_order_of_writing_rotating_and_being_killed(path: Path, reading: Reading, seed: int) -> None:
    chance = random.Random(seed)
    written: Counter[bytes] = Counter()
    moment = piece = 0
    write(path, "the very first")
    written[b"the very first"] += 1
    reading.read()
    reading.save()
    for _ in range(120):
        action = chance.choice(["write", "write", "write", "read", "read", "rotate", "save", "kill", "pack", "wait"])
        if action == "write":
            moment += chance.random() < 0.7
            texts = [f"{moment} {chance.randrange(3)}" for _ in range(chance.randrange(1, 6))]
            write(path, *texts)
            written.update(text.encode() for text in texts)
        elif action == "read":
            reading.read(0.3)
        elif action == "wait":
            reading.read(chance.choice([followed_log.GRACE + 1, followed_log.TURN_EVERY]))
            moment += 1
        elif action == "rotate" and path.exists():
            chance.choice([rename, copytruncate])(path)
            # The first line of a piece is no other's: what a piece is known by.
            piece += 1
            write(path, f"first of {piece}")
            written[b"first of %d" % piece] += 1
        elif action == "save":
            reading.save()
        elif action == "kill":
            reading.restart()
        elif action == "pack" and path.with_name("access.log.2").exists():
            pack(path.with_name("access.log.2"))
    reading.read()
    assert reading.lines() == written


def test_a_state_file_is_for_one_follower_and_says_what_is_wrong_with_it(tmp_path: Path, reading: Reading) -> None:
    write(reading.path, "a")
    reading.read()
    reading.save()
    path = tmp_path / "deep" / "state.json"
    state = StateFile(path, "application")
    state.save({"/a.log": reading.state})
    with pytest.raises(Exception, match="in use by another follower"):
        StateFile(path, "application")
    state.close()
    again = StateFile(path, "application")
    assert again.logs() == {"/a.log": reading.state}
    again.close()
    other = StateFile(path, "other application")
    assert other.logs() == {}
    other.close()
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{}")
    with pytest.raises(Exception, match="holds no positions; remove it"):
        StateFile(path, "application")
