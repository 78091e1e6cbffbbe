"""A tally that is damaged: questions are answered from the facts, it is said once, and another one is made."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from structlog.testing import capture_logs

from tests.support.command_line import tracker
from tests.support.made_hits import MadeHits, made_hits
from tests.support.queued_hits import rows
from tests.support.reporting import Reporting
from tests.support.tallied import AFTERNOON, TWO_DAYS, Tallied, share_little, tallied
from tests.support.told_visits import MIDNIGHT, made_of
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey
from tracker.errors import Refused
from tracker.queueing.connection import connect
from tracker.reports.answers import Answers
from tracker.store import facts_files
from tracker.store.database import Database

DAYS = {"start_date": f"{MIDNIGHT - timedelta(days=1):%F}", "end_date": f"{MIDNIGHT:%F}"}
ASKED = {**DAYS, "measures": "visitors,sessions,requests"}


@pytest.fixture(scope="module")
def made(
    postgres: Postgres, valkey: Valkey, shop_and_key: tuple[Application, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MadeHits]:
    """Hits with their facts and a tally: to make them takes as long as ten copies."""
    shop, _ = shop_and_key

    def make(database: Database, folder: Path) -> None:
        with (
            pytest.MonkeyPatch.context() as patch,
            closing(connect(valkey.url, name="tests")) as redis,
            tallied(database, redis, folder, shop) as one,
        ):
            share_little(patch)
            redis.flushall()
            one.store(made_of(shop, TWO_DAYS))
            assert one.count(AFTERNOON) == 1

    with made_hits(postgres, tmp_path_factory.mktemp("made") / "facts", make) as hits:
        yield hits


@pytest.fixture
def copied(made: MadeHits) -> str:
    return made.database


@pytest.fixture
def counted_by_day(made: MadeHits, settings: Settings, tallied_application: Tallied) -> Reporting:
    one = tallied_application
    made.copy_facts(settings)
    return Reporting(one.database, one.readers, made_of(one.application, TWO_DAYS))


def damage(tallied_application: Tallied, kind: str) -> None:
    [(content,)] = rows(tallied_application.database, "SELECT content FROM facts_tallies")
    whole = bytes(content)
    at = len(whole) // 2
    content = {"nothing": b"", "half": whole[:at]}.get(kind, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    checksum = hashlib.blake2b(content, digest_size=16).hexdigest()
    text = "UPDATE facts_tallies SET content = %s"
    if kind == "a bit":
        rows(tallied_application.database, f"{text} RETURNING 1", content)
    else:  # Written so: the engine alone sees that.
        rows(tallied_application.database, f"{text}, checksum = %s RETURNING 1", content, checksum)


@pytest.mark.parametrize("kind", ["a bit", "half", "nothing"])
def test_a_damaged_tally_is_said_and_made_anew_and_the_facts_answer(
    kind: str, tallied_application: Tallied, counted_by_day: Reporting
) -> None:
    one = tallied_application
    expected = counted_by_day.rows(**ASKED)
    one.readers.close()
    one.readers.answers = Answers()
    damage(one, kind)
    with capture_logs() as logged:
        assert counted_by_day.rows(**ASKED) == expected
    said = [line for line in logged if line["event"] == "tally damaged, to be made anew"]
    assert [(line["log_level"], line["app_id"]) for line in said] == [("warning", "shop")]
    assert not one.has_tally, "nobody reads it again"
    assert one.count(AFTERNOON) == 1
    one.readers.answers = Answers()
    with capture_logs() as logged:
        assert counted_by_day.rows(**ASKED) == expected
    assert not [line for line in logged if line["log_level"] != "info"]


def test_a_damaged_file_of_the_facts_is_no_fault_of_the_tally(
    tallied_application: Tallied, counted_by_day: Reporting
) -> None:
    one = tallied_application
    with one.database.transaction() as tx:
        [*_, file] = facts_files.of_days(tx, one.application.id, MIDNIGHT.date(), MIDNIGHT.date())
    path = one.readers.folder.path / file.name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Refused, match="stats rebuild"):
        counted_by_day.rows(**ASKED)
    assert one.has_tally


def test_a_file_for_questions_that_somebody_removed_is_answered_without(
    tallied_application: Tallied, counted_by_day: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    expected = counted_by_day.rows(**ASKED)
    one.readers.answers = Answers()
    for file in (one.readers.folder.path / "work").glob("*/*"):
        if file.suffix in {".parquet", ".visits"}:
            file.unlink()
    assert counted_by_day.rows(**ASKED) == expected


def test_verify_compares_the_tally_with_the_facts(
    tallied_application: Tallied, counted_by_day: Reporting, settings: Settings
) -> None:
    one = tallied_application
    verified = tracker(settings, "stats", "verify", "--json")
    assert (verified.status, verified.json["differences"]) == (0, []), verified.errors
    other = one.readers.folder.path / "other"
    [(content,)] = rows(one.database, "SELECT content FROM facts_tallies")
    other.write_bytes(content)
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE tally AS FROM read_parquet('{other}')")
        engine.execute("UPDATE tally SET visitors = visitors + 1 WHERE kind = 'browser'")
        engine.execute(f"COPY tally TO '{other}' (FORMAT parquet)")
    checksum = hashlib.blake2b(other.read_bytes(), digest_size=16).hexdigest()
    text = "UPDATE facts_tallies SET content = %s, checksum = %s RETURNING 1"
    rows(one.database, text, other.read_bytes(), checksum)
    verified = tracker(settings, "stats", "verify", "--json")
    [difference] = verified.json["differences"]
    day = str(MIDNIGHT.date() - timedelta(days=1))
    assert (verified.status, difference["number"], difference["date"]) == (1, "tally", day)
    assert "more" in difference["stored"]
    elsewhere = tracker(settings, "stats", "verify", "--json", "--from", str(MIDNIGHT.date()))
    assert elsewhere.status == 0, "it is about none of these days"
    assert tracker(settings, "stats", "rebuild", "--from", day, "--to", day).status == 0
    assert not one.has_tally
    assert tracker(settings, "stats", "verify").status == 0


def test_verify_names_a_tally_that_a_scheduler_of_before_made(
    tallied_application: Tallied, counted_by_day: Reporting, settings: Settings
) -> None:
    one = tallied_application
    other = one.readers.folder.path / "other"
    [(content,)] = rows(one.database, "SELECT content FROM facts_tallies")
    other.write_bytes(content)
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE tally AS FROM read_parquet('{other}') WHERE NOT starts_with(kind, 'visit_')")
        engine.execute(f"COPY (SELECT * EXCLUDE (visit_channel) FROM tally) TO '{other}' (FORMAT parquet)")
    checksum = hashlib.blake2b(other.read_bytes(), digest_size=16).hexdigest()
    text = """
        UPDATE facts_tallies SET content = %s, checksum = %s,
            kinds = ARRAY(SELECT kind FROM unnest(kinds) AS kind WHERE kind NOT LIKE 'visit%%') RETURNING 1
    """
    rows(one.database, text, other.read_bytes(), checksum)
    verified = tracker(settings, "stats", "verify", "--json")
    [difference] = verified.json["differences"]
    assert "older version" in difference["stored"]
