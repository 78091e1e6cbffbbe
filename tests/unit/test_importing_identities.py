"""A line has the identity that it had in every release before: what they imported is known to this one.

tests/data/identities.json holds, for some lines of each log of tests/data/logs, the id and the time that builds gave
them until now. A row of it never changes; new logs bring new rows.
"""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from tracker.application import Application
from tracker.clock import SystemClock
from tracker.hit import EPOCH, Hit
from tracker.importing.formats import reader_of
from tracker.importing.kept_period import KeptPeriod
from tracker.importing.log_record import ReadingRules
from tracker.importing.run import Import
from tracker.importing.source import opened, source_of
from tracker.importing.summary import Summary
from tracker.store.imports import TakenHits

DATA = Path(__file__).parents[1] / "data"
FROZEN: dict[str, list[tuple[int, str]]] = orjson.loads((DATA / "identities.json").read_bytes())
CARRIED = b"2026-11-29T06:00:23Z stdout F "
WITHOUT_TIME = ("morgan-1.12.1-short", "morgan-1.12.1-tiny", "morgan-1.12.1-dev", "uvicorn-0.54.0.log")
SPLIT = '%h %l %u %{%Y-%m-%d}t %{%H:%M:%S}t.%{usec_frac}t %{%z}t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"'
APPLICATION = Application(
    id=UUID("00000000-0000-4000-8000-000000000013"),
    app_id="shop",
    status="active",
    deleted=False,
    rate_limit_per_minute=0,
)
LINE = b'192.0.2.1 - - [28/Nov/2026:20:57:33 +0000] "GET / HTTP/1.1" 200 1 "-" "UA"'


@dataclass
class Kept:
    """Keeps the hits of an import."""

    hits: list[Hit] = field(default_factory=list)

    def add(self, _import_id: int, hits: Sequence[Hit], /) -> TakenHits:
        self.hits += hits
        return TakenHits(stored=len(hits))


def identities(file: Path, *, source: str = "access.log") -> list[tuple[int, str]]:
    """The ids and times that an import gives to a file's lines."""
    kept = Kept()
    work = Import(
        application=APPLICATION,
        period=KeptPeriod(first=EPOCH, retention_months=0),
        destination=kept,
        prepare_month=lambda _: None,
        clock=SystemClock(),
        include_bots=True,
        force=True,
        any_host=True,
    )
    reader = reader_of(SPLIT if "split" in file.name else None, rules=ReadingRules(assume_zone=UTC))
    with opened(str(file)) as log:
        work.take(log.lines, reader, file=str(file), source=source, summary=Summary(keep=0))
    return [(hit.id, hit.created_at.isoformat()) for hit in kept.hits]


def with_time(path: Path, folder: Path) -> Path:
    """The log itself, or what carried it, where its lines say no time."""
    if not path.name.startswith(WITHOUT_TIME):
        return path
    carried = folder / path.name
    carried.write_bytes(b"".join(CARRIED + line for line in path.read_bytes().splitlines(keepends=True)))
    return carried


@pytest.mark.parametrize("name", sorted(path.name for path in (DATA / "logs").glob("*.log")))
def test_the_lines_of_a_log_are_those_of_earlier_builds(name: str, tmp_path: Path) -> None:
    rows = identities(with_time(DATA / "logs" / name, tmp_path))
    assert FROZEN[name], "a new log: add its rows"
    assert {tuple(row) for row in FROZEN[name]} <= set(rows)


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data)


def _crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def _bom(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def _utf_16(data: bytes) -> bytes:
    return data.decode().encode("utf-16")


@pytest.mark.parametrize("changed", [bytes, _gzip, _crlf, _bom, _utf_16])
def test_equal_lines_are_told_apart_however_their_file_was_packed(
    changed: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    file = tmp_path / "access.log"
    file.write_bytes(changed(LINE + b"\n" + b"nonsense\n" + LINE + b"\n" + LINE + b"\n"))
    time = datetime(2026, 11, 28, 20, 57, 33, tzinfo=UTC).isoformat()
    assert identities(file) == [(id_, time) for id_, _ in FROZEN["equal lines"]]


@pytest.mark.parametrize(
    "name",
    [
        "access.log", "access.log.1", "access.log.2.gz", "access.log-20261120", "access.log-20261120.xz",
        "access-20261120.log.zst", "access.log-2026112023", "access.log-1795899522", "access.log.2026-11-20.bz2",
        "access.2026-11-20.log", "access.log.10.zip",
    ],
)  # fmt: skip
def test_a_rotated_piece_is_the_same_log(name: str) -> None:
    assert source_of(f"/var/log/nginx/{name}") == "access.log"
