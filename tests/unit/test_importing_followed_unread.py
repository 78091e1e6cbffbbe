"""A followed log that is rotated again before anything of its new file was read."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.followed import Reading, copytruncate, pack, rename, write
from tracker.importing.followed_log import GRACE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture(params=[False, True], ids=["plain", "link"])
def behind(path: Path, request: pytest.FixtureRequest) -> Path:
    """The file that is written: the log itself, or the one that it is a symbolic link to."""
    if not request.param:
        return path
    behind = path.parent / "data/site-access.log"
    behind.parent.mkdir()
    path.symlink_to(behind)
    return behind


@pytest.fixture
def reading(path: Path, behind: Path) -> Iterator[Reading]:
    """A log of which one piece was read, and whose next one is empty."""
    write(behind, "a", "b")
    with closing(Reading(path)) as opened:
        opened.read()
        opened.save()
        rename(behind)
        behind.touch()
        opened.read()
        yield opened


@pytest.mark.parametrize("is_there", [False, True])
def test_a_piece_that_was_packed_before_anything_of_it_was_read_is_read_once(
    behind: Path, reading: Reading, *, is_there: bool
) -> None:
    """Packed it is another file, and the one that is open still holds its lines."""
    write(behind, "c", "a")
    rename(behind)
    write(behind, "d")
    rename(behind)
    pack(behind.with_name(f"{behind.name}.2"))
    if not is_there:
        reading.read()
    write(behind, "e")
    reading.read()
    reading.read(GRACE + 1)
    assert reading.lines() == Counter([b"a", b"a", b"b", b"c", b"d", b"e"])
    assert reading.told == []


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("is_down", [False, True])
def test_what_copytruncate_took_of_a_file_that_was_renamed_afterwards(
    behind: Path, reading: Reading, *, is_down: bool, is_there: bool
) -> None:
    reading.save()
    for text in ("c", "d"):
        write(behind, text)
        copytruncate(behind)
    write(behind, "e", "a")
    rename(behind)
    if is_there:
        write(behind, "f")
    if is_down:
        reading.restart()
    reading.read()
    if not is_there:
        write(behind, "f")
    reading.read()
    assert reading.lines() == Counter([b"a", b"a", b"b", b"c", b"d", b"e", b"f"])
    assert reading.told == []


@pytest.mark.parametrize("rotate", [rename, copytruncate])
def test_pieces_after_one_that_was_packed_and_let_go(
    behind: Path, reading: Reading, rotate: Callable[[Path], None]
) -> None:
    """The server is down meanwhile: for some time no file has the log's name."""
    write(behind, "c")
    reading.read()
    rename(behind)
    pack(behind.with_name(f"{behind.name}.1"))
    reading.read(GRACE + 1)
    reading.read(GRACE + 1)
    for text in ("d", "e"):
        write(behind, text)
        rotate(behind)
    write(behind, "f")
    reading.read()
    assert reading.lines() == Counter([b"a", b"b", b"c", b"d", b"e", b"f"])
    assert reading.told == []


@pytest.mark.parametrize("seed", range(30))
def test_any_order_of_writing_and_rotating_before_it_is_read(behind: Path, reading: Reading, seed: int) -> None:
    chance = random.Random(seed)
    written = Counter([b"a", b"b"])
    for number in range(60):
        action = chance.choice(["write", "write", "read", "rotate", "rotate", "save", "kill", "pack"])
        if action == "write":
            # The first line of a piece is no other's; the second one may be.
            texts = [f"{number} first", f"{number // 20} again"]
            write(behind, *texts)
            written.update(text.encode() for text in texts)
        elif action == "read":
            reading.read(chance.choice([0, 0, GRACE + 1]))
        elif action == "rotate" and behind.exists() and behind.stat().st_size:
            chance.choice([rename, copytruncate])(behind)
            if chance.random() < 0.5:
                behind.touch()
        elif action == "save":
            reading.save()
        elif action == "kill":
            reading.restart()
        elif action == "pack" and behind.with_name(f"{behind.name}.2").exists():
            pack(behind.with_name(f"{behind.name}.2"))
    behind.touch()
    reading.read()
    reading.read(GRACE + 1)
    assert reading.lines() == written
    assert reading.told == []
