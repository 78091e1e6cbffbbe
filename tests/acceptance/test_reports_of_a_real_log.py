"""A real log, imported: reports say what awk and goaccess count in the file itself, where they mean the same."""

import gzip
import shutil
import subprocess
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from redis import Redis

from tests.support.command_line import tracker, work_until_dry
from tests.support.facts import make_facts
from tests.support.needed import need
from tests.support.raw_hits import make_months
from tests.support.settings_of import settings_of
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.management import applications
from tracker.store.database import Database
from tracker.store.partitions import Month

LOG = Path(__file__).resolve().parents[1] / "data/apache_combined_2015.log.gz"
DAYS = ("--app-id", "shop", "--from", "2015-05-17", "--to", "2015-05-20")
PAGES = """{ split($7, url, "?"); print url[1] }"""
STATUSES = "{ print $9 }"
HOSTS = """
{ split($0, quoted, "\\""); from = tolower(quoted[4]) }
from ~ /^https?:/ { split(from, parts, "/"); host = parts[3]; sub(/[:?#].*/, "", host)
    sub(/^www\\./, "", host); print host }
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def imported(database_of_all: str, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of an installation that has the log."""
    kept = replace(settings_of(database_of_all, valkey.url, tmp_path_factory.mktemp("log")), retention_months=0)
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
    with closing(Database(kept.database_url, name="tests")) as database:
        applications.create(database, name="Shop", app_id="shop")
        make_months(database, Month(2015, 5))
        done = tracker(kept, "import", str(LOG), "--app-id", "shop", "--include-bots")
        assert done.status == 0, done.errors
        work_until_dry(kept)
        make_facts(database, kept.facts_url)
    return kept


@pytest.fixture(scope="module")
def whole_lines() -> bytes:
    """The log without the one line of its 10,000 that is cut in the middle."""
    lines = gzip.decompress(LOG.read_bytes()).splitlines(keepends=True)
    return b"".join(line for line in lines if line.count(b'"') >= 6)


def rows(imported: Settings, *asked: str) -> list[dict[str, Any]]:
    done = tracker(imported, "stats", "report", *DAYS, "--limit", "1000", "--json", *asked)
    assert done.status == 0, done.errors
    return list(done.json["rows"])


def requests_by(imported: Settings, dimension: str) -> dict[str, int]:
    asked = ("--by", dimension, "--measures", "requests")
    return {row[dimension]: row["requests"] for row in rows(imported, *asked)}


def counted_by_awk(program: str, log: bytes) -> Counter[str]:
    lines = subprocess.run(["awk", program], input=log, capture_output=True, check=True).stdout.decode().splitlines()
    return Counter(lines)


def test_reports_of_a_real_log_are_what_awk_counts(imported: Settings, whole_lines: bytes) -> None:
    need(shutil.which("awk"), "awk is not installed")
    statuses = requests_by(imported, "status")
    assert statuses == counted_by_awk(STATUSES, whole_lines)
    assert sum(statuses.values()) == 9_999
    by_awk = counted_by_awk(PAGES, whole_lines)
    for page, count in list(requests_by(imported, "page").items())[:50]:
        assert (page, count) == (page, by_awk[page])
    # A log that does not name its host has no pages of its own to tell from others': they all are sources.
    hosts = counted_by_awk(HOSTS, whole_lines)
    for host in ("semicomplete.com", "google.fr", "stackoverflow.com"):
        condition = orjson.dumps([["referrer", "begins_with", host]]).decode()
        expected = sum(count for name, count in hosts.items() if name.startswith(host))
        assert rows(imported, "--measures", "requests", "--filters", condition) == [{"requests": expected}], host
        assert expected > 0


@pytest.fixture(scope="module")
def by_goaccess(whole_lines: bytes, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What goaccess writes about the log: by panel, its rows."""
    need(shutil.which("goaccess"), "goaccess is not installed")
    folder = tmp_path_factory.mktemp("goaccess")
    (folder / "access.log").write_bytes(whole_lines)
    command = ["goaccess", "access.log", "--log-format=COMBINED", "--no-global-config", "--no-query-string"]
    more = ["--max-items=2000", "--no-progress", "--output=counted.json"]
    subprocess.run([*command, *more], cwd=folder, check=True, capture_output=True)
    # It writes the bytes of a referrer that are no UTF-8 as they are.
    panels: dict[str, Any] = orjson.loads((folder / "counted.json").read_bytes().decode(errors="replace"))
    return panels


def hits_by(rows: list[dict[str, Any]]) -> Counter[str]:
    hits = Counter[str]()
    for row in rows:
        hits[row["data"].strip()] += row["hits"]["count"]
    return hits


def test_reports_of_a_real_log_are_what_goaccess_counts(imported: Settings, by_goaccess: dict[str, Any]) -> None:
    assert by_goaccess["general"]["valid_requests"] == 9_999

    classes = [row["items"] for row in by_goaccess["status_codes"]["data"]]
    statuses = hits_by([{**row, "data": row["data"][:3]} for items in classes for row in items])
    assert requests_by(imported, "status") == statuses

    # Assets and pages that were not there have panels of their own there; and it shows %20 as a space.
    panels = [row for name in ("requests", "static_requests", "not_found") for row in by_goaccess[name]["data"]]
    pages = Counter[str]()
    for page, count in requests_by(imported, "page").items():
        pages[unquote(page).strip()] += count
    assert len(pages) > 900
    assert {page: count for page, count in hits_by(panels).items() if page in pages or count > 1} == pages

    hosts = Counter[str]()
    for referrer, count in requests_by(imported, "referrer").items():
        if referrer is not None:
            hosts[referrer.partition("/")[0]] += count
    sites = Counter[str]()
    for site, count in hits_by(by_goaccess["referring_sites"]["data"]).items():
        sites[site.lower().removeprefix("www.")] += count
    # One host has bytes that are no UTF-8, which Apache wrote as \xhh: there they stay so, here they are undone.
    [undone], [written] = hosts.keys() - sites.keys(), sites.keys() - hosts.keys()
    assert (set(undone) - set("-."), written[:4]) == ({"\N{REPLACEMENT CHARACTER}"}, "\\xe4")
    assert hosts.pop(undone) == sites.pop(written)
    assert hosts == sites


FAMILIES = {
    "Chrome": (
        *("Chrome", "Chrome Mobile", "Chrome Mobile iOS", "Chrome Mobile WebView"),
        *("Chromium", "Iron", "Sogou Explorer"),
    ),
    "Firefox": ("Firefox", "Firefox Mobile", "Iceweasel", "Pale Moon"),
    "MSIE": ("IE", "IE Mobile", "Chrome Frame", "Maxthon", "AOL"),
    "Opera": ("Opera", "Opera Mini"),
    "Safari": (
        *("Safari", "Mobile Safari", "MobileSafari", "Android", "Amazon Silk", "Google", "PhantomJS", "Rekonq"),
        "Baidu Explorer",
    ),
}
"""Browsers by what goaccess calls all of them."""
COUNTED_HERE_ALONE = {
    "Firefox": ("FlipboardProxy",),  # There they are crawlers.
    "MSIE": ("MSIE 6.0; Windows NT 5.1; SV1; http://www.tropicdesigns.net",),  # For its address a crawler.
    "Opera": ("MSIE 6.0; Windows NT 5.1; en) Opera 8.50",),  # There it is what it pretends to be.
    "Safari": ("Digg Feed Fetcher", "Dalvik/", "HUAWEI_Y320", "HuaweiU8686"),  # There they are feeds, and others.
}
COUNTED_THERE_ALONE = {
    "Chrome": ("Safari/537.36 slurp",),  # Here they are bots, but for Opera.
    "Firefox": ("Firefox/1.5.0.11; 360Spider",),
    "MSIE": (
        *("MSIE or Firefox mutant", "Tablet PC 2.0); 360Spider", "changedetection.com/bot.html"),
        "MSIE 6.0; Windows NT 5.1; en) Opera 8.50",
    ),
}
"""By family: what stands in the user agents of which the two say different things."""


def test_browsers_of_a_real_log_are_those_of_goaccess(
    imported: Settings, by_goaccess: dict[str, Any], whole_lines: bytes
) -> None:
    people = orjson.dumps([["device", "is_not", "bot"]]).decode()
    counted = {
        row["browser"]: row["requests"]
        for row in rows(imported, "--by", "browser", "--measures", "requests", "--filters", people)
    }
    there = hits_by([row for row in by_goaccess["browsers"]["data"] if row["data"] in FAMILIES])
    for family, names in FAMILIES.items():
        here_alone, there_alone = (
            sum(whole_lines.count(words.encode()) for words in alone.get(family, ()))
            for alone in (COUNTED_HERE_ALONE, COUNTED_THERE_ALONE)
        )
        here = sum(counted[name] for name in names)
        assert here - here_alone == there[family] - there_alone > 0, family


def test_visitors_of_a_real_log_are_those_of_goaccess(imported: Settings, by_goaccess: dict[str, Any]) -> None:
    days = {f"{row['data'][:4]}-{row['data'][4:6]}-{row['data'][6:]}": row for row in by_goaccess["visitors"]["data"]}
    requests = rows(imported, "--interval", "day", "--measures", "requests")
    assert {row["time"]: row["requests"] for row in requests} == {
        day: row["hits"]["count"] for day, row in days.items()
    }
    # To both a visitor of a day is an address with a user agent; there, who was only ever refused is none.
    refused = orjson.dumps([["status", "is_not", status] for status in ("403", "404", "416")]).decode()
    visitors = rows(imported, "--interval", "day", "--measures", "visitors", "--filters", refused)
    assert {row["time"]: row["visitors"] for row in visitors} == {
        day: row["visitors"]["count"] for day, row in days.items()
    }
