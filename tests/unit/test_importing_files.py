"""Files as an import reads them, and what it remembers of their lines."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from tracker.errors import Refused
from tracker.hit import ImportedIds
from tracker.importing.arriving_lines import Arrivals
from tracker.importing.kept_period import kept_since
from tracker.importing.ordinals import Ordinals
from tracker.importing.source import MAX_LINE_LENGTH, Line, opened, size_of, source_of


def lines_of(path: Path, content: bytes) -> list[Line]:
    path.write_bytes(content)
    with opened(str(path)) as log:
        return list(log.lines)


@given(st.lists(st.sampled_from([0, 2, 3, 1 << 12, (1 << 63) - 1])))
def test_an_ordinal_counts_the_equal_lines_before(keys: list[int]) -> None:
    ordinals = Ordinals()
    assert [ordinals.next(key) for key in keys] == [keys[:place].count(key) for place, key in enumerate(keys)]


def test_many_lines_are_remembered_while_the_table_grows() -> None:
    ordinals = Ordinals()
    ids = ImportedIds(UUID(int=1), "access.log")
    keys = [ids.of(b"%d" % number, 0) for number in range(10_000)]
    assert {ordinals.next(key) for key in keys} == {0}
    assert {ordinals.next(key) for key in keys} == {1}


class CountingIds(ImportedIds):
    def __init__(self) -> None:
        super().__init__(UUID(int=1), "syslog")
        self.hashed = 0

    def of(self, line: bytes, ordinal: int) -> int:
        self.hashed += 1
        return super().of(line, ordinal)


def test_lines_that_arrive_are_told_apart_by_being_hashed_once() -> None:
    ids = CountingIds()
    first, second = Arrivals(), Arrivals()
    assert len({arrivals.id_of(b"the same", ids) for arrivals in (first, first, second, second)}) == 4
    assert ids.hashed == 4


def test_the_id_of_a_line_of_a_log_says_which_of_the_equal_ones_it_is() -> None:
    ids, ordinals = CountingIds(), Ordinals()
    known = [ordinals.id_of(line, ids) for line in (b"a", b"b", b"a")]
    assert ids.hashed == 4
    assert known == [ids.of(b"a", 0), ids.of(b"b", 0), ids.of(b"a", 1)]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_the_end_of_a_line_does_not_belong_to_it(tmp_path: Path, ending: bytes) -> None:
    lines = lines_of(tmp_path / "log", b"one" + ending + ending + b"two")
    assert lines == [Line(1, b"one"), Line(2, b""), Line(3, b"two", is_whole=False)]


def test_a_byte_order_mark_is_not_part_of_the_first_line(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "log", b"\xef\xbb\xbfone\n") == [Line(1, b"one")]


def test_gzip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "no-ending", gzip.compress(b"one\n") + gzip.compress(b"two")) == [
        Line(1, b"one"),
        Line(2, b"two", is_whole=False),
    ]
    assert lines_of(tmp_path / "empty", b"") == []


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("access.log", content)
    return file.getvalue()


PACKERS = (gzip.compress, bz2.compress, lzma.compress, zstd.compress, zipped)


@pytest.mark.parametrize("pack", [bytes, *PACKERS])
def test_utf_16_is_read_packed_too(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        packed = pack("\ufeffone\r\n日本\n".encode(encoding))
        assert lines_of(tmp_path / "log", packed) == [Line(1, b"one"), Line(2, "日本".encode())]


@pytest.mark.parametrize("pack", [bytes, *PACKERS])
def test_a_tar_archive_is_no_log(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("access.log"))
    with pytest.raises(Refused, match="tar -xOf"):
        lines_of(tmp_path / "log", pack(file.getvalue()))


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize(
    "length", [MAX_LINE_LENGTH - 1, MAX_LINE_LENGTH, MAX_LINE_LENGTH + 1, MAX_LINE_LENGTH + 2, 5 * MAX_LINE_LENGTH]
)
def test_a_line_that_is_too_long_is_said_to_be_and_the_next_one_is_whole(
    tmp_path: Path, length: int, ending: bytes
) -> None:
    first, *others = lines_of(tmp_path / "log", b"x" * length + ending + (b"next" if ending else b""))
    assert first.too_long is (length > MAX_LINE_LENGTH)
    assert others == ([Line(2, b"next", is_whole=False)] if ending else [])


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="There is no file"):
        size_of(str(tmp_path / "missing"))
    with pytest.raises(Refused, match="cannot be read"), opened(str(tmp_path)):
        pass


@pytest.mark.parametrize(
    ("file", "source"), [("/var/log/access.log", "access.log"), ("a/access.log.gz", "access.log"), ("-", "stdin")]
)
def test_a_logs_name_is_the_files_without_gz(file: str, source: str) -> None:
    assert source_of(file) == source


NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("months", "time", "named"),
    [
        (24, datetime(2024, 11, 1, tzinfo=UTC), None),
        (24, datetime(2024, 10, 31, 23, 59, 59, tzinfo=UTC), "TRACKER_RETENTION_MONTHS=24"),
        (1, datetime(2026, 9, 30, tzinfo=UTC), "lies before 2026-10-01"),
        (0, datetime(1970, 1, 1, tzinfo=UTC), None),
        (0, datetime(1969, 12, 31, tzinfo=UTC), "before 1970"),
        (1200, datetime(1970, 1, 1, tzinfo=UTC), None),
        (24, NOW + timedelta(minutes=5), None),
        (24, NOW + timedelta(minutes=5, seconds=1), "future"),
    ],
)
def test_lines_outside_of_what_is_kept_are_refused(months: int, time: datetime, named: str | None) -> None:
    refusal = kept_since(date(2026, 11, 23), months).refusal(time, NOW)
    assert refusal is None if named is None else named in str(refusal)
