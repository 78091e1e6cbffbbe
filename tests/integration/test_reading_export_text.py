"""Exports: PostgreSQL writes the lines, and they say what is stored."""

import csv
import io
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tests.support.raw_hits import execute, fill, make_months
from tracker.application import Application
from tracker.hit import tracking_id_of
from tracker.reading import export_rows
from tracker.reading.export import export
from tracker.reading.export_lines import FORMATS, Format, safe_cell
from tracker.reading.period import Period
from tracker.store import exported_hits
from tracker.store.database import Database
from tracker.store.exported_hits import FIELDS, ExportFilter
from tracker.store.partitions import Month

START = datetime(2024, 1, 30, tzinfo=UTC)


@pytest.fixture
def stored(database: Database, application: Application) -> Application:
    """100 hits, one a minute."""
    make_months(database, Month(2024, 1))
    fill(database, application, 100, start=START, every="1 minute", custom_params="jsonb_build_object('kind', n % 3)")
    return application


def exported(database: Database, format_: Format, *, with_params: bool = True) -> bytes:
    days = Period(START.date(), START.date() + timedelta(days=1))
    answer = export(database, app_id="shop", period=days, format_=format_, include_custom_params=with_params)
    return b"".join(answer.chunks)


STRANGE = (
    "a,b",
    'say "x"',
    "a\r\nb",
    "a\nb",
    "\\.",
    "\\N",
    "NULL",
    " ",
    "\x1e\x1f",
    "日本語",
    "=1",
    "a;=1",
    "\u2028=1",
    "x" * 3000,
)


def test_lines_say_what_is_stored(database: Database, application: Application) -> None:
    """PostgreSQL writes them: both forms give every text back, and the tracking id is that of `tracker.hit`."""
    make_months(database, Month(2024, 1))
    identities = [
        (n, START + timedelta(microseconds=moved)) for n, moved in ((5, 678), ((1 << 63) - 1, 0), (-1, 999_999), (0, 1))
    ]
    params, data = '{"price": 12.50, "big": 9007199254740991}', '{"a": [1, null], "\\u0001": "\\"=1;=2"}'
    stored = []
    with database.transaction() as tx:
        for number, (hit_id, created_at) in enumerate(identities * len(STRANGE)):
            at = created_at + timedelta(seconds=number)
            text = STRANGE[number % len(STRANGE)]
            tx.execute(
                "INSERT INTO access_logs (id, application_id, app_id, created_at, url, user_agent, ip_address,"
                " event_data, custom_params) VALUES (%s, %s, 'shop', %s, %s, %s, '2001:db8::1', %s, %s)",
                (hit_id, application.id, at, text, text, data, params),
            )
            stored.append((hit_id, at, text))
    lines = exported(database, "jsonl").splitlines()
    assert len(lines) == len(stored)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_rows, "PAGE", 3)
        for format_ in FORMATS:
            by_threes = exported(database, format_)
            patch.setattr(export_rows, "PAGE", 5000)
            assert by_threes == exported(database, format_), "a page begins behind a hit without a tracking id, too"
            patch.setattr(export_rows, "PAGE", 3)
    for line, (hit_id, at, text) in zip(map(orjson.loads, lines), stored, strict=True):
        assert tuple(line) == FIELDS
        expected = str(tracking_id_of(hit_id, at)) if hit_id >= 0 else None
        assert (line["tracking_id"], line["url"], line["user_agent"]) == (expected, text, text)
        assert line["created_at"] == f"{at.replace(tzinfo=None).isoformat()}Z"
        assert (line["session_id"], line["ip_address"], line["event_data"]) == (None, "2001:db8::1", orjson.loads(data))
    assert all(b'"price": 12.50' in line for line in lines), "numbers stay as PostgreSQL has them"
    text = exported(database, "csv").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row, line in zip(rows, map(orjson.loads, lines), strict=True):
        assert tuple(row) == FIELDS
        assert (row["tracking_id"], row["created_at"]) == (line["tracking_id"] or "", line["created_at"])
        assert (row["url"], row["user_agent"]) == (safe_cell(line["url"]), safe_cell(line["user_agent"]))
        assert (row["session_id"], orjson.loads(row["custom_params"])) == ("", line["custom_params"])


REFERENCE = """
SELECT row_to_json(line)::text FROM access_logs, LATERAL (
    SELECT app_id, client_sub_id, module_id, url, referrer, user_agent, host(ip_address) AS ip_address, session_id,
           screen_resolution, language, timezone, event_name, event_data, custom_params
) AS line ORDER BY created_at, id
"""


def test_lines_of_json_are_those_of_row_to_json(database: Database, application: Application) -> None:
    """Byte for byte, whatever stands in texts and in JSON: the fast way takes what the slow one would write."""
    make_months(database, Month(2024, 1))
    odd = ("null", '"', "\\", '\\"', '\\\\"', "\x1f", '"\x1f"', "\x01\x08\x09\x0a\x0b\x0c\x0d\x7f", "</script>")
    texts = (*STRANGE, *odd, "plain")
    values = ["null", "5", '"x"', "[1, 2]", "{}", *(orjson.dumps({text: [text]}).decode() for text in texts)]
    rows = [(text, value) for text in texts for value in values]
    with database.transaction() as tx:
        for number, (text, value) in enumerate(rows):
            tx.execute(
                "INSERT INTO access_logs (id, application_id, app_id, created_at, url, referrer, user_agent,"
                " event_name, event_data, custom_params)"
                " VALUES (%s, %s, 'shop', %s, %s, %s, %s, left(%s, 100), %s, %s)",
                (number, application.id, START + timedelta(seconds=number), text, None, text, text, value, value),
            )
        expected = [row[0].encode() for row in tx.execute(REFERENCE).fetchall()]
    lines = exported(database, "jsonl").splitlines(keepends=True)
    assert len(lines) == len(rows)
    for line, of_row in zip(lines, expected, strict=True):
        assert line.endswith(b'Z",' + of_row[1:] + b"\n")


@pytest.mark.usefixtures("stored")
def test_parameters_that_are_left_out_leave_no_trace(database: Database) -> None:
    for line in exported(database, "jsonl", with_params=False).splitlines():
        assert tuple(orjson.loads(line)) == FIELDS[:-1]
    text = exported(database, "csv", with_params=False).decode()
    assert {len(cells) for cells in csv.reader(io.StringIO(text, newline=""))} == {len(FIELDS) - 1}


def test_a_page_of_long_hits_is_not_kept_beyond_its_bytes(database: Database, stored: Application) -> None:
    execute(database, "UPDATE access_logs SET user_agent = repeat('x', 2000)")
    wanted = ExportFilter(application=stored)
    with database.snapshot() as tx:
        page = exported_hits.page(
            tx,
            wanted,
            START,
            START + timedelta(days=3),
            format_="csv",
            write=b"".join,
            after=None,
            limit=500,
            max_bytes=10_000,
        )
    assert (page.is_full, page.is_cut_off) == (False, True)
    assert (page.count, page.text.count(b"\n"), page.size) == (5, 5, len(page.text))
    assert page.last is not None
    assert f"{page.last[0].replace(tzinfo=None).isoformat()}Z".encode() in page.text.splitlines()[-1]
