"""A followed log whose path leads elsewhere: a symbolic link that is switched, a file that is rotated before a look."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.followed import Reading, copytruncate, rename, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def reading(path: Path) -> Iterator[Reading]:
    with closing(Reading(path)) as opened:
        yield opened


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize(
    "targets",
    [("access-20261128.log", "access-20261129.log"), ("one/log.txt", "two/log.txt")],
    ids=["the next day's file, as cronolog makes it", "another release's file"],
)
def test_a_symbolic_link_that_is_switched(
    path: Path, reading: Reading, targets: tuple[str, str], *, is_down: bool
) -> None:
    before, after = (path.parent / target for target in targets)
    for file in (before, after):
        file.parent.mkdir(exist_ok=True)
    path.symlink_to(before)
    write(before, "a", "b")
    reading.read()
    reading.save()
    write(before, "c")
    write(after, "a", "d")
    path.unlink()
    path.symlink_to(after)
    if is_down:
        reading.restart()
    reading.read()
    assert reading.lines() == Counter([b"a", b"a", b"b", b"c", b"d"])
    assert reading.told == []


@pytest.mark.parametrize("rotate", [rename, copytruncate])
@pytest.mark.parametrize("is_down", [False, True])
def test_the_file_behind_a_symbolic_link_is_rotated_where_it_is(
    path: Path, reading: Reading, rotate: Callable[[Path], None], *, is_down: bool
) -> None:
    behind = path.parent / "data/site-access.log"
    behind.parent.mkdir()
    path.symlink_to(behind)
    write(behind, "a", "b")
    reading.read()
    reading.save()
    for text in ("c", "d", "e"):
        write(behind, text)
        rotate(behind)
        if not is_down:
            reading.read()
    write(behind, "a")
    if is_down:
        reading.restart()
    reading.read()
    assert reading.lines() == Counter([b"a", b"a", b"b", b"c", b"d", b"e"])
    assert reading.told == []


@pytest.mark.parametrize("is_down", [False, True])
def test_lines_that_came_and_went_while_nothing_was_read_of_the_file(
    path: Path, reading: Reading, *, is_down: bool
) -> None:
    write(path, "a")
    reading.read()
    write(path, "b")
    copytruncate(path)
    reading.read()
    reading.save()
    for text in ("c", "d"):
        write(path, text)
        copytruncate(path)
    if is_down:
        reading.restart()
    reading.read()
    write(path, "a")
    reading.read()
    assert reading.lines() == Counter([b"a", b"a", b"b", b"c", b"d"])
    assert reading.told == []
