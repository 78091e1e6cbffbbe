"""A real log, imported: pages, referrers and statuses of reports are what awk counts in the file itself."""

import gzip
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from tests.support.command_line import tracker, work_until_dry
from tests.support.facts import make_facts
from tests.support.needed import need
from tests.support.raw_hits import make_months
from tracker.config import Settings
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


def counted_by_awk(program: str, log: bytes) -> Counter[str]:
    lines = subprocess.run(["awk", program], input=log, capture_output=True, check=True).stdout.decode().splitlines()
    return Counter(lines)


@pytest.mark.slow
@pytest.mark.usefixtures("application")
def test_reports_of_a_real_log_are_what_awk_counts(settings: Settings, database: Database) -> None:
    need(shutil.which("awk"), "awk is not installed")
    kept = replace(settings, retention_months=0)
    make_months(database, Month(2015, 5))
    imported = tracker(kept, "import", str(LOG), "--app-id", "shop", "--include-bots")
    assert imported.status == 0, imported.errors
    work_until_dry(kept)
    make_facts(database, kept.facts_url)
    log = b"\n".join(line for line in gzip.decompress(LOG.read_bytes()).splitlines() if line.count(b'"') >= 6)

    def report(dimension: str, *more: str) -> dict[str, int]:
        asked = ("--by", dimension, "--measures", "requests", "--limit", "1000", "--json", *more)
        done = tracker(kept, "stats", "report", *DAYS, *asked)
        assert done.status == 0, done.errors
        return {row[dimension]: row["requests"] for row in done.json["rows"]}

    statuses = counted_by_awk(STATUSES, log)
    found = report("status")
    assert found == {status: statuses[status] for status in found}
    assert sum(found.values()) == 9_999  # One line of the file's 10,000 is cut in the middle.
    pages = report("page")
    by_awk = counted_by_awk(PAGES, log)
    for page, count in list(pages.items())[:50]:
        assert (page, count) == (page, by_awk[page])
    # A log that does not name its host has no pages of its own to tell from others': they all are sources.
    hosts = counted_by_awk(HOSTS, log)
    for host in ("semicomplete.com", "google.fr", "stackoverflow.com"):
        condition = orjson.dumps([["referrer", "begins_with", host]]).decode()
        done = tracker(kept, "stats", "report", *DAYS, "--measures", "requests", "--filters", condition, "--json")
        expected = sum(count for name, count in hosts.items() if name.startswith(host))
        assert done.json["rows"] == [{"requests": expected}], host
        assert expected > 0
