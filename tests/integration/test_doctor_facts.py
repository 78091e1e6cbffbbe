"""`doctor` says whether the facts are seen from here, and what the database of places is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.facts import make_facts
from tests.support.places_file import write_places
from tests.support.queued_hits import rows
from tests.support.tallied import AFTERNOON, TWO_DAYS, Tallied
from tests.support.told_visits import made_of
from tracker.config import Settings
from tracker.diagnostics.facts_checks import about_facts_here, about_places, about_tallies
from tracker.diagnostics.finding import Finding
from tracker.facts.folder import Folder
from tracker.store.database import Database

NOW = datetime.now(UTC)


def test_the_folder_of_the_facts_is_looked_at_from_here(settings: Settings, database: Database, tmp_path: Path) -> None:
    assert about_facts_here(database, Folder(settings.facts_url)) == []
    make_facts(database, settings.facts_url)
    [seen] = about_facts_here(database, Folder(settings.facts_url))
    assert (seen.level, str(settings.facts_url) in seen.seen) == ("ok", True)
    [elsewhere] = about_facts_here(database, Folder(tmp_path / "empty"))
    assert (elsewhere.level, "mount the folder" in elsewhere.seen) == ("warn", True)
    assert elsewhere.to_do


@pytest.mark.parametrize("content", [None, b"", b"no database", b"\xab\xcd\xefMaxMind.com"])
def test_places_that_cannot_be_read_are_a_finding(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "places.mmdb"
    if content is not None:
        file.write_bytes(content)
    [finding] = about_places(file, NOW)
    assert (finding.level, "TRACKER_GEOIP_FILE" in finding.seen, bool(finding.to_do)) == ("warn", True, True)


def test_places_say_of_which_kind_and_how_old_they_are(tmp_path: Path) -> None:
    assert about_places(None, NOW) == []
    file = write_places(tmp_path / "places.mmdb")
    [fresh] = about_places(file, datetime.fromtimestamp(0, UTC))
    assert fresh.level == "ok"
    [old] = about_places(file, NOW + timedelta(days=3650))
    assert (old.level, "moved" in old.seen) == ("warn", True)


def test_an_application_whose_reports_have_no_tally_is_named(tallied_application: Tallied) -> None:
    one = tallied_application
    one.store(made_of(one.application, TWO_DAYS))
    changed_at = datetime.now(UTC)

    def found(at: datetime, facts: int = 1) -> list[Finding]:
        return about_tallies(one.database, at, facts=facts, days=9, left_out=2)

    [soon] = found(changed_at)
    assert (soon.level, "shop" in soon.seen) == ("ok", True)
    [late] = found(changed_at + timedelta(hours=3))
    assert (late.level, "shop" in late.seen, bool(late.to_do)) == ("warn", True, True)
    assert found(changed_at, facts=100) == [], "few facts"
    assert one.count(AFTERNOON) == 1
    assert found(changed_at + timedelta(hours=3)) == []
    [old] = found(changed_at + timedelta(days=4))
    assert old.level == "warn", "reports of today do not use it"
    rows(one.database, "UPDATE facts_tallies SET kinds = array_remove(kinds, 'visit_channel') RETURNING 1")
    [of_before] = found(changed_at + timedelta(hours=3))
    assert of_before.level == "warn", "it was made by a version that knew no sources of visits"
