"""Logs imported by command, through the queue and the workers, into access_logs."""

import gzip
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import PROJECT, tracker, work_until_dry
from tracker.config import Settings
from tracker.store.database import Database

REAL_LOG = PROJECT / "tests/data/apache_combined_2015.log.gz"
NOW = datetime.now(UTC)
pytestmark = pytest.mark.usefixtures("application")


def line(second: int, url: str = "/") -> bytes:
    """A line of the combined format, of today."""
    return f'192.0.2.1 - - [{NOW:%d/%b/%Y}:00:00:{second:02} +0000] "GET {url} HTTP/1.1" 200 5 "-" "Test"\n'.encode()


def stored(database: Database, columns: str = "url") -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        return tx.execute(f"SELECT {columns} FROM access_logs ORDER BY created_at, id".encode()).fetchall()


@pytest.mark.slow
def test_a_real_log_is_imported_exactly_and_importing_it_again_changes_nothing(
    settings: Settings, database: Database
) -> None:
    kept = replace(settings, retention_months=0)
    for queued, known in ((9_999, 0), (0, 9_999)):
        finished = tracker(kept, "import", str(REAL_LOG), "--app-id", "shop", "--include-bots", "--json")
        assert finished.status == 0, finished.errors
        counts = {name: finished.json[name] for name in ("lines", "queued", "known", "malformed", "refused")}
        assert counts == {"lines": 10_000, "queued": queued, "known": known, "malformed": 1, "refused": 0}
        assert [bad["line"] for bad in finished.json["malformed_lines"]] == [8_899]
        work_until_dry(kept)
        days = Counter(
            created_at.astimezone(UTC).date().isoformat() for (created_at,) in stored(database, "created_at")
        )
        assert days == {"2015-05-17": 1632, "2015-05-18": 2893, "2015-05-19": 2896, "2015-05-20": 2578}


def test_a_log_is_read_from_files_gzip_and_standard_input(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    plain, packed = tmp_path / "a.log", tmp_path / "b.log.gz"
    plain.write_bytes(line(1, "/plain"))
    packed.write_bytes(gzip.compress(line(2, "/packed")))
    finished = tracker(settings, "import", str(plain), str(packed), "-", "--app-id", "shop", given=line(3, "/piped"))
    assert finished.status == 0, finished.errors
    assert finished.output.startswith("3 lines: 3 stored, 0 malformed, 0 refused, in ")
    work_until_dry(settings)
    assert stored(database) == [("/plain",), ("/packed",), ("/piped",)]


def test_equal_lines_of_a_log_are_different_hits_and_the_same_line_is_one_hit(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(1) + line(1) + line(2))
    tracker(settings, "import", str(log), "--app-id", "shop")
    log.write_bytes(line(1) + line(1) + line(2) + line(2) + line(3))
    tracker(settings, "import", str(log), "--app-id", "shop")
    (tmp_path / "access.log.gz").write_bytes(gzip.compress(log.read_bytes()))
    tracker(settings, "import", str(tmp_path / "access.log.gz"), "--app-id", "shop")
    work_until_dry(settings)
    assert len(stored(database)) == 5
    tracker(settings, "import", str(log), "--app-id", "shop", "--source", "another server")
    work_until_dry(settings)
    assert len(stored(database)) == 10


def test_a_target_becomes_a_url_of_the_applications_domain(settings: Settings, database: Database) -> None:
    tracker(settings, "apps", "create", "--name", "Site", "--app-id", "site", "--domain", "site.example")
    tracker(settings, "import", "-", "--app-id", "site", given=line(1, "/page?q=1"))
    work_until_dry(settings)
    assert stored(database, "url, host(ip_address), referrer, user_agent, event_data") == [
        ("https://site.example/page?q=1", "192.0.2.1", None, "Test", {"method": "GET", "status": 200, "bytes": 5})
    ]


def test_json_lines_fill_the_columns_they_name(settings: Settings, database: Database) -> None:
    text = (
        b'{"timestamp": "%s", "url": "https://a.example/", "session_id": "s1", "ip_address": "2001:DB8::1",'
        b' "event_name": "view", "custom_params": {"page_type": "cart"}, "unknown": 1}\n' % NOW.isoformat().encode()
    )
    finished = tracker(settings, "import", "-", "--app-id", "shop", given=text)
    assert finished.status == 0, finished.errors
    work_until_dry(settings)
    assert stored(database, "url, session_id, host(ip_address), event_name, custom_params, created_at") == [
        ("https://a.example/", "s1", "2001:db8::1", "view", {"page_type": "cart"}, NOW)
    ]


def test_bad_lines_are_counted_with_their_numbers_and_harm_no_other(settings: Settings, database: Database) -> None:
    old = line(3).replace(f"/{NOW:%b/%Y}:".encode(), b"/Feb/1999:").replace(f"[{NOW:%d}".encode(), b"[01")
    future = line(4).replace(f"/{NOW:%Y}:".encode(), b"/2999:").replace(f"[{NOW:%d}".encode(), b"[01")
    given = line(1) + b"\n" + b"nonsense\n" + b"x" * 70_000 + b"\n" + old + future + line(2)
    finished = tracker(settings, "import", "-", "--app-id", "shop", "--json", given=given)
    assert finished.status == 0, finished.errors
    assert {name: finished.json[name] for name in ("lines", "queued", "malformed", "refused")} == {
        "lines": 6, "queued": 2, "malformed": 2, "refused": 2
    }  # fmt: skip
    assert [(bad["line"], bad["reason"]) for bad in finished.json["malformed_lines"]] == [
        (3, "not a line of a format that is known (see --format)"),
        (4, "longer than 65536 bytes"),
    ]
    assert [bad["line"] for bad in finished.json["refused_lines"]] == [5, 6]
    assert "TRACKER_RETENTION_MONTHS=24" in finished.json["refused_lines"][0]["reason"]
    assert "future" in finished.json["refused_lines"][1]["reason"]
    work_until_dry(settings)
    assert len(stored(database)) == 2


def test_a_reason_is_said_once_to_people(settings: Settings) -> None:
    finished = tracker(settings, "import", "-", "--app-id", "shop", given=line(1) + b"nonsense\n" * 25)
    assert finished.status == 0
    assert finished.errors.count("malformed: - line ") == 1
    assert "malformed: - line 2: not a line of a format that is known (see --format) (and 24 more)" in finished.errors


def test_a_log_without_one_good_line_ends_with_1(settings: Settings) -> None:
    finished = tracker(settings, "import", "-", "--app-id", "shop", given=b"nonsense\n")
    assert finished.status == 1
    assert finished.output.startswith("1 lines: 0 stored, 1 malformed")


def test_a_damaged_file_is_imported_up_to_the_damage(settings: Settings, database: Database, tmp_path: Path) -> None:
    log = tmp_path / "cut.log.gz"
    packed = gzip.compress(b"".join(line(number, f"/{os.urandom(500).hex()}") for number in range(60)))
    log.write_bytes(packed[: len(packed) // 2])
    finished = tracker(settings, "import", str(log), "--app-id", "shop")
    assert finished.status == 1
    assert f"{log} cannot be read beyond line " in finished.errors
    work_until_dry(settings)
    assert 1 <= len(stored(database)) < 60


@pytest.mark.parametrize("status", ["suspended", "gone"])
def test_an_application_that_takes_no_hits_imports_none(settings: Settings, status: str) -> None:
    if status == "suspended":
        tracker(settings, "apps", "suspend", "shop")
    finished = tracker(settings, "import", "-", "--app-id", "gone" if status == "gone" else "shop", given=line(1))
    assert (finished.status, finished.output) == (1, "")
    assert "apps activate" in finished.errors or "There is no application 'gone'" in finished.errors


def test_two_files_of_one_name_need_a_source(settings: Settings, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "access.log").write_bytes(line(1))
    files = [str(tmp_path / folder / "access.log") for folder in ("a", "b")]
    refused = tracker(settings, "import", *files, "--app-id", "shop")
    assert (refused.status, refused.output) == (2, "")
    assert "Several files are called access.log" in refused.errors
    assert tracker(settings, "import", *files, "--app-id", "shop", "--source", "one log").status == 0


def test_a_missing_file_is_said_before_anything_is_queued(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(line(1))
    finished = tracker(settings, "import", str(tmp_path / "a.log"), str(tmp_path / "b.log"), "--app-id", "shop")
    assert (finished.status, finished.output) == (1, "")
    assert "There is no file" in finished.errors
    assert all(stream["waiting"] == 0 for stream in tracker(settings, "queue", "status", "--json").json["streams"])


def test_bots_are_left_out_and_counted_unless_they_are_asked_for(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(1) + line(2).replace(b'"Test"', b'"Mozilla/5.0 (compatible; Googlebot/2.1)"'))
    finished = tracker(settings, "import", str(log), "--app-id", "shop", "--json")
    assert (finished.status, finished.json["lines"], finished.json["queued"], finished.json["bots"]) == (0, 2, 1, 1)
    again = tracker(settings, "import", str(log), "--app-id", "shop", "--include-bots", "--json")
    assert (again.json["queued"], again.json["known"], again.json["bots"]) == (1, 1, 0)
    work_until_dry(settings)
    assert len(stored(database)) == 2


def test_addresses_of_a_file_are_kept_unless_told_otherwise_and_secrets_never(
    settings: Settings, database: Database
) -> None:
    given = line(1, "/?a=1&token=hush")
    tracker(settings, "import", "-", "--app-id", "shop", given=given)
    tracker(settings, "import", "-", "--app-id", "shop", "--source", "b", "--anonymize-ip", "last_octet", given=given)
    tracker(settings, "import", "-", "--app-id", "shop", "--source", "c", "--anonymize-ip", "full", given=given)
    work_until_dry(settings)
    stored_hits = stored(database, "url, host(ip_address)")
    assert set(stored_hits) == {("/?a=1", None), ("/?a=1", "192.0.2.0"), ("/?a=1", "192.0.2.1")}
