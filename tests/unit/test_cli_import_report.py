"""What an import says at its end of the lines that it read, of those that it could not read, and of what they lack."""

from collections.abc import Sequence
from datetime import UTC

import orjson
import pytest

from tracker.cli.import_report import report
from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed
from tracker.importing.summary import BadLine, Summary

COMBINED = '203.0.113.9 - - [29/Nov/2026:10:05:03 +0000] "GET /a HTTP/1.1" 200 5 "-" "UA x"'


def said(capsys: pytest.CaptureFixture[str], lines: Sequence[str], reader: LogReader | None = None) -> list[str]:
    """What a person is told of lines."""
    reader = reader or reader_of(None, rules=ReadingRules(assume_zone=UTC))
    summary = Summary(keep=1000)
    for number, line in enumerate(lines, 1):
        summary.lines += 1
        try:
            record = reader(line.encode())
        except Malformed as error:
            summary.add_malformed(BadLine("access.log", number, str(error)))
            continue
        if record is None:
            continue
        for missing, column in ((summary.no_address, "ip_address"), (summary.no_user_agent, "user_agent")):
            if record.columns.get(column) is None:
                missing.add(f"access.log line {number}")
    summary.formats.update(reader.counts)
    summary.unread |= reader.unread
    report(summary, 0.1, as_json=False)
    return capsys.readouterr().err.splitlines()


def test_formats_fields_and_what_lines_lack_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    values = {"time": "2026-11-29T10:05:03Z", "request": "GET /a HTTP/1.1", "upstream": "a"}
    words = said(capsys, [COMBINED, COMBINED, orjson.dumps(values).decode(), f"{COMBINED} 0.001"])
    assert "formats: combined (3), jsonl (1)" in words
    assert "not read: ident, upstream, user, what stands behind the usual fields" in words
    assert "1 of 4 lines had no address, the first is access.log line 3" in words
    assert "1 of 4 lines had no user agent, the first is access.log line 3" in words


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["2026/11/29 10:05:03 [error] 12#12: *5 open() failed"] * 20, "looks like nginx' error log"),
        (
            [f"[Sun Nov 29 10:05:03.{n} 2026] [core:error] x" for n in range(20)],
            "looks like Apache's error log",
        ),
        (
            [COMBINED.replace('"UA x"', f"UA{n}") for n in range(20)],
            "a combined line up to the referrer in quotes",
        ),
        ([f'{{"colour": {n}}}' for n in range(20)], "none of its names is known"),
        ([f"#{n} of a program" for n in range(20)], "not a line of a format that is known (see --format)"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_once_with_its_likely_server(
    capsys: pytest.CaptureFixture[str], lines: list[str], words: str
) -> None:
    told = said(capsys, lines)
    assert [line for line in told if line.startswith("malformed")] == told
    assert len(told) == 1
    assert words in told[0]
    assert told[0].startswith("malformed: access.log line 1: ")
    assert told[0].endswith("(and 19 more)")


def test_reasons_that_differ_in_their_numbers_are_one(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["#Fields: date time c-ip cs-uri-stem", *("2026-11-29 10:05:03" + " x" * n for n in range(3, 23))]
    told = said(capsys, lines)
    assert len(told) == 1
    assert "fields where #Fields: names 4 (and 19 more)" in told[0]
