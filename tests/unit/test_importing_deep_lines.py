"""Lines whose JSON nests deeper than it can be walked or written again: each is malformed, whoever reads it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tests.support.followed import Reading, write
from tracker.application import Application
from tracker.importing.arriving_lines import ArrivingLines
from tracker.importing.formats import reader_of
from tracker.importing.json_lines import json_object
from tracker.importing.record import Malformed
from tracker.importing.run import Import

LEVELS = [260, 1000, 1020]
REQUEST = '{"remote_addr":"192.0.2.1","time":"2026-11-28T20:57:01Z","request":"GET / HTTP/1.1"'


def objects(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def lists(levels: int) -> str:
    return "[" * levels + "]" * levels


def quoted(text: str) -> str:
    return orjson.dumps(text).decode()


SHAPES: dict[str, Callable[[int], str]] = {
    "a shipper's": lambda levels: f'{{"data":{objects(levels - 1)}}}',
    "a server's": lambda levels: f'{REQUEST},"query":{objects(levels - 1)}}}',
    "a server's lists": lambda levels: f'{REQUEST},"query":{{"a":{lists(levels - 2)}}}}}',
    "our own": lambda levels: f'{{"timestamp":"2026-11-28T20:57:01Z","event_data":{objects(levels - 1)}}}',
    "Azure's": lambda levels: f'{{"time":"2026-11-28T20:57:01Z","properties":{quoted(objects(levels))}}}',
    "not UTF-8": lambda levels: f'{{"message":"\udcff","data":{objects(levels - 1)}}}',
}
DEEP = pytest.mark.parametrize(
    "line",
    [shape(levels).encode(errors="surrogateescape") for shape in SHAPES.values() for levels in LEVELS],
    ids=[f"{name}, {levels}" for name in SHAPES for levels in LEVELS],
)


def no_work(application: Application) -> Import:
    raise AssertionError(application)


@DEEP
def test_an_import_calls_a_line_malformed_that_nests_too_deeply(line: bytes) -> None:
    for read in (reader_of(None), reader_of("jsonl"), json_object):
        with pytest.raises(Malformed, match="nested too deeply"):
            read(line)


@DEEP
def test_a_message_that_nests_too_deeply_is_counted_and_the_next_one_taken(line: bytes) -> None:
    arriving = ArrivingLines(work_of=no_work)
    arriving.take([b"<14>" + line, line, REQUEST.encode() + b"}"])
    assert arriving.counts == {"lines": 3, "malformed": 2, "of_no_application": 1}
    assert "nested too deeply" in str(arriving.first_malformed)


@DEEP
def test_a_followed_log_goes_on_behind_a_line_that_nests_too_deeply(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    with closing(Reading(path)) as reading:
        reading.read()
        path.write_bytes(line + b"\n")
        write(path, "a")
        reading.read()
        assert [text for text, _ in reading.taken] == [line, b"a"]


def test_brackets_in_texts_or_side_by_side_are_no_levels() -> None:
    for query in ('"' + "[{" * 500 + '"', f'{{"a":[{",".join(["[]"] * 500)}]}}', objects(99)):
        assert json_object(f'{REQUEST},"query":{query}}}'.encode()).columns["url"]
