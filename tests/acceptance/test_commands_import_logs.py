"""Logs as servers leave them: rotated, packed, half written, of several sites, of other names."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import PROJECT, tracker, work_until_dry
from tracker.config import Settings
from tracker.store.database import Database
from tracker.zstd import ZstdFile

REAL_LOG = PROJECT / "tests/data/apache_combined_2015.log.gz"
NOW = datetime.now(UTC)
pytestmark = pytest.mark.usefixtures("application")


def line(second: int, url: str = "/") -> bytes:
    """A line of the combined format, of today."""
    return f'192.0.2.1 - - [{NOW:%d/%b/%Y}:00:00:{second:02} +0000] "GET {url} HTTP/1.1" 200 5 "-" "Test"\n'.encode()


def stored(database: Database, columns: str = "url") -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        return tx.execute(f"SELECT {columns} FROM access_logs ORDER BY created_at, id".encode()).fetchall()


def test_a_log_and_its_rotated_pieces_are_one_log(settings: Settings, database: Database, tmp_path: Path) -> None:
    """Importing daily with the most natural command stores every request once."""
    log = tmp_path / "access.log"
    log.write_bytes(line(1) + line(2) + line(2))
    tracker(settings, "import", str(log), "--app-id", "shop")
    # The third of three equal requests falls behind the rotation.
    log.rename(tmp_path / "access.log.1")
    log.write_bytes(line(2) + line(3))
    names = [str(log), str(tmp_path / "access.log.1")]
    finished = tracker(settings, "import", *names, "--app-id", "shop")
    assert finished.status == 0, finished.errors
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress((tmp_path / "access.log.1").read_bytes()))
    log.rename(tmp_path / "access.log.1")
    log.write_bytes(line(4))
    tracker(settings, "import", *names, str(tmp_path / "access.log.2.gz"), "--app-id", "shop")
    work_until_dry(settings)
    assert len(stored(database)) == 6


def test_a_half_written_last_line_waits_for_the_next_run(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(1, "/a") + line(2, "/page")[:-30])
    finished = tracker(settings, "import", str(log), "--app-id", "shop")
    assert finished.output.startswith("1 lines: 1 stored, 0 malformed")
    assert "has no end yet" in finished.errors
    log.write_bytes(line(1, "/a") + line(2, "/page"))
    tracker(settings, "import", str(log), "--app-id", "shop")
    work_until_dry(settings)
    assert stored(database) == [("/a",), ("/page",)]


def zipped(*members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"logs/{number}.log", member)
    return packed.getvalue()


def zstd_packed(content: bytes) -> bytes:
    """As `zstd` packs it, in two frames."""
    packed = io.BytesIO()
    for part in (content[:10], content[10:]):
        with ZstdFile(packed, "wb") as file:
            file.write(part)
    return packed.getvalue()


def zstd_cut(content: bytes) -> bytes:
    return zstd_packed(content)[:-4]


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstd_packed), ("zip", zipped)],
)
def test_packed_logs_are_read(
    settings: Settings, database: Database, tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    log = tmp_path / f"access.log.{ending}"
    log.write_bytes(pack(line(1, "/packed")))
    assert tracker(settings, "import", str(log), "--app-id", "shop").status == 0
    log.with_name("wide.log").write_bytes(line(2, "/wide").decode().encode("utf-16"))
    assert tracker(settings, "import", str(log.with_name("wide.log")), "--app-id", "shop").status == 0
    work_until_dry(settings)
    assert stored(database) == [("/packed",), ("/wide",)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x28\xb5\x2f\xfd" + b"x" * 50, "cannot be read beyond line 0: Unable to decompress Zstandard data"),
        (zstd_cut(line(1) * 999), "cannot be read beyond line"),
        (b"PK\x03\x04" + b"x" * 50, "unzip -p"),
        (zipped(line(1), line(2)), "it holds 2 files: unzip -p"),
        (zipped(line(1) * 999)[:-40], "unzip -p"),
        (bytes(range(1, 30)) * 9, "binary"),
    ],
)
def test_what_is_no_text_is_refused_once(settings: Settings, tmp_path: Path, content: bytes, reason: str) -> None:
    log = tmp_path / "access.log.zst"
    log.write_bytes(content)
    finished = tracker(settings, "import", str(log), "--app-id", "shop")
    assert finished.status == 1
    assert reason in finished.errors
    assert "malformed:" not in finished.errors


def test_a_log_without_addresses_is_not_queued_unless_it_is_asked_for(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(line(second).replace(b"192.0.2.1", b"-") for second in range(30)) + line(31))
    finished = tracker(settings, "import", str(log), "--app-id", "shop")
    assert finished.status == 1
    assert "no visitor's address" in finished.errors
    work_until_dry(settings)
    assert stored(database) == []
    finished = tracker(settings, "import", str(log), "--app-id", "shop", "--force")
    assert finished.status == 0
    assert f"30 of 31 lines had no address, the first is {log} line 1" in finished.errors
    work_until_dry(settings)
    assert len(stored(database)) == 31


def test_only_the_application_s_own_pages_are_page_views(settings: Settings, database: Database) -> None:
    tracker(settings, "apps", "create", "--name", "Site", "--app-id", "site", "--domain", "www.site.example")
    vhost = b"site.example:443 "
    given = (
        vhost + line(1, "/page") + line(2, "/style.css") + line(3, "/gone").replace(b" 200 ", b" 404 ")
        + b"other.example:443 " + line(4, "/page") + line(5, "http://other.example/x") + line(6, "http://site.example/y")
    )  # fmt: skip
    finished = tracker(settings, "import", "-", "--app-id", "site", "--json", given=given)
    assert finished.status == 0, finished.errors
    assert (finished.json["queued"], finished.json["other_hosts"]) == (4, 2)
    work_until_dry(settings)
    assert stored(database, "url, event_name") == [
        ("https://site.example/page", None),
        ("https://www.site.example/style.css", "asset"),
        ("https://www.site.example/gone", "error"),
        ("http://site.example/y", None),
    ]


def test_json_lines_of_other_names_are_read_or_refused_with_their_names(settings: Settings, database: Database) -> None:
    nginx = b'{"time": "%s", "remote_addr": "192.0.2.7", "request": "GET /a HTTP/1.1", "status": 200}\n'
    renamed = b'{"time": "%s", "who": "192.0.2.8", "what": "/b"}\n'
    stamp = NOW.isoformat().encode()
    finished = tracker(settings, "import", "-", "--app-id", "shop", "--json", given=nginx % stamp + renamed % stamp)
    assert finished.json["queued"] == 1
    assert "time, who, what" in finished.json["malformed_lines"][0]["reason"]
    names = ("--map", "ip_address=who", "--map", "url=what")
    finished = tracker(settings, "import", "-", "--app-id", "shop", *names, given=renamed % stamp)
    assert finished.status == 0, finished.errors
    work_until_dry(settings)
    assert set(stored(database, "url, host(ip_address)")) == {("/a", "192.0.2.7"), ("/b", "192.0.2.8")}


@pytest.mark.parametrize(
    "options",
    [("--format", "nonsense"), ("--map", "nonsense=x"), ("--timezone", "Mars/Phobos"), ("--escape", "apache")],
)
def test_options_that_mean_nothing_are_refused(settings: Settings, options: tuple[str, str]) -> None:
    finished = tracker(settings, "import", "-", "--app-id", "shop", *options, given=line(1))
    assert finished.status in (1, 2)
    assert options[0] in finished.errors
