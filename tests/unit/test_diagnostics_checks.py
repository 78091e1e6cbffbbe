"""What is checked before it is written, and how health checks judge what they see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tracker import config
from tracker.application import ParameterDefinition
from tracker.diagnostics import redis_checks, settings_checks, work_checks
from tracker.diagnostics.application_checks import about_aliases
from tracker.errors import Refused
from tracker.management import application_input
from tracker.management.definition_check import problems_of
from tracker.management.presets import NAMES, preset
from tracker.queueing.inspection import Depth
from tracker.queueing.registered_workers import RegisteredWorker
from tracker.queueing.sentinel import SentinelView
from tracker.queueing.server_facts import ServerFacts

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
SOUND = ParameterDefinition(
    application_id=UUID(int=1), parameter_key="price", parameter_name="Price", parameter_type="number"
)
REDIS = ServerFacts(
    name="Valkey 9", version=(7, 2), clock=NOW, is_replica=False, eviction_policy="noeviction", used_memory=10,
    memory_limit=100, machine_memory=1000, append_only=True, persistence_errors=(),
)  # fmt: skip
WORKER = RegisteredWorker(
    name="tracker-w", queues=("tracker",), state="idle", hostname="h", pid=1, last_heartbeat=NOW - timedelta(seconds=20)
)

AGREES = SentinelView(name="192.0.2.1:26379", primary=("192.0.2.8", 6379), problem=None)
SILENT = replace(AGREES, primary=None, problem="connection refused")


@pytest.mark.parametrize("name", NAMES)
def test_the_presets_pass_the_check_of_definitions(name: str) -> None:
    for columns in preset(name):
        assert problems_of(ParameterDefinition(application_id=UUID(int=1), **columns)) == {}


def test_there_are_the_two_presets_of_the_specification() -> None:
    assert {name: len(preset(name)) for name in NAMES} == {"ecommerce": 12, "news": 10}
    with pytest.raises(Refused, match="ecommerce and news"):
        preset("other")


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"parameter_key": ""}, "parameter_key"),
        ({"parameter_key": "x" * 101}, "parameter_key"),
        ({"parameter_key": "a\nb"}, "parameter_key"),
        ({"parameter_name": "x" * 256}, "parameter_name"),
        ({"parameter_type": "date"}, "parameter_type"),
        ({"description": "a\0b"}, "description"),
        ({"default_value": "x"}, "default_value"),
        ({"default_value": "5", "validation_rules": {"max_value": 4}}, "default_value"),
        ({"validation_rules": {"minimum": 1}}, "validation_rules"),
        ({"validation_rules": {"pattern": "x"}}, "validation_rules"),
        ({"validation_rules": {"min_value": "1"}}, "validation_rules"),
        ({"validation_rules": {"min_value": 2, "max_value": 1}}, "validation_rules"),
        ({"validation_rules": {"allowed_values": []}}, "validation_rules"),
        ({"validation_rules": {"allowed_values": [True]}}, "validation_rules"),
        ({"parameter_type": "string", "validation_rules": {"pattern": "("}}, "validation_rules"),
        ({"parameter_type": "string", "validation_rules": {"max_length": -1}}, "validation_rules"),
    ],
)
def test_a_definition_that_makes_no_sense_is_told_by_column(changes: dict[str, Any], column: str) -> None:
    assert problems_of(SOUND) == {}
    assert list(problems_of(replace(SOUND, **changes))) == [column]


@pytest.mark.parametrize(
    ("given", "domain"),
    [
        ("Shop.Example.COM.", "shop.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
    ],
)
def test_a_domain_is_stored_as_browsers_send_it(given: str, domain: str) -> None:
    assert application_input.domain_of(given) == domain


@pytest.mark.parametrize(
    "given", ["", "https://a.example", "a.example/x", "a..b", "-a.example", "a b", "x" * 64, "a:80"]
)
def test_what_is_no_domain_is_refused(given: str) -> None:
    with pytest.raises(Refused, match="host name"):
        application_input.domain_of(given)


def test_drawn_app_ids_fit_their_column_and_differ() -> None:
    drawn = {
        application_input.new_app_id("Ein sehr langer Name für ein Geschäft mit vielen Wörtern") for _ in range(100)
    }
    assert len(drawn) == 100
    assert all(application_input.app_id_of(app_id) == app_id for app_id in drawn)
    assert application_input.new_app_id("ショップ").startswith("app-")


def level_of_queue(**depth: Any) -> dict[str, str]:
    findings = work_checks.about_queue([Depth(**{"name": "normal", "waiting": 0, **depth})], 1000)
    return {finding.check: finding.level for finding in findings}


def test_a_queue_is_judged_by_its_oldest_entry_and_its_length() -> None:
    assert level_of_queue() == {"queue normal": "ok", "queue limit": "ok"}
    assert level_of_queue(waiting=5, oldest_seconds=31.0)["queue normal"] == "warn"
    assert level_of_queue(waiting=5, oldest_seconds=301.0)["queue normal"] == "fail"
    assert level_of_queue(name="bulk", waiting=5, oldest_seconds=301.0)["queue bulk"] == "ok"
    assert level_of_queue(waiting=501)["queue limit"] == "warn"
    assert level_of_queue(waiting=1, pending=999)["queue limit"] == "fail"
    assert level_of_queue(name="retries", waiting=1)["queue retries"] == "warn"


@pytest.mark.parametrize(
    ("views", "level"),
    [
        ([AGREES, AGREES, AGREES], "ok"),
        ([AGREES, AGREES, SILENT], "warn"),
        ([AGREES, SILENT, SILENT], "fail"),
        ([AGREES, AGREES, replace(AGREES, primary=("192.0.2.9", 6379))], "fail"),
    ],
)
def test_sentinels_that_are_silent_or_do_not_agree_are_named(views: list[SentinelView], level: str) -> None:
    assert redis_checks.about_sentinels([]) == []
    assert [finding.level for finding in redis_checks.about_sentinels(views)] == [level]


@pytest.mark.parametrize(
    ("worker", "level"),
    [
        (WORKER, "ok"),
        (replace(WORKER, queues=("other",)), "fail"),
        (replace(WORKER, name="another program's"), "fail"),
        (replace(WORKER, name="stock", last_heartbeat=NOW - timedelta(minutes=9)), "fail"),
        (replace(WORKER, name="stock", last_heartbeat=None), "fail"),
    ],
)
def test_a_worker_counts_while_it_reads_our_queue_and_its_heart_beats(worker: RegisteredWorker, level: str) -> None:
    assert work_checks.about_workers([worker], "tracker", NOW, suspended=False).level == level
    assert work_checks.about_workers([worker], "tracker", NOW, suspended=True).level == "fail"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, {}),
        ({"eviction_policy": "allkeys-lru"}, {"eviction policy of Redis": "fail"}),
        ({"append_only": False}, {"append-only file of Redis": "fail"}),
        ({"persistence_errors": ("aof_last_write_status",)}, {"persistence of Redis": "fail"}),
        ({"used_memory": 55}, {"memory of Redis": "warn"}),
        ({"used_memory": 70}, {"memory of Redis": "fail"}),
        ({"used_memory": 95, "memory_limit": 0}, {}),
        ({"memory_limit": 0, "machine_memory": 0}, {}),
    ],
)
def test_redis_is_judged_by_what_it_could_lose(changes: dict[str, Any], wrong: dict[str, str]) -> None:
    findings = redis_checks.about_server(replace(REDIS, **changes), max_bytes=0)
    assert {finding.check: finding.level for finding in findings if finding.level != "ok"} == wrong
    assert all(finding.to_do for finding in findings if finding.level != "ok")


@pytest.mark.parametrize(
    ("max_bytes", "memory_limit", "level", "says"),
    [
        (40, 100, "ok", "of what hits may take"),
        (12, 100, "warn", "of what hits may take"),
        (11, 0, "fail", "of what hits may take"),
        (95, 100, "warn", "above 90% of maxmemory"),
    ],
)
def test_the_memory_that_hits_may_take_is_judged_by_the_setting(
    max_bytes: int, memory_limit: int, level: str, says: str
) -> None:
    findings = redis_checks.about_server(replace(REDIS, memory_limit=memory_limit), max_bytes=max_bytes)
    (memory,) = [finding for finding in findings if finding.check == "memory of Redis"]
    assert memory.level == level
    assert says in memory.seen


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (-3, "warn"), (3, "warn"), (61, "fail")])
def test_clocks_may_be_two_seconds_apart(seconds: int, level: str) -> None:
    assert work_checks.about_clock("Redis", NOW, NOW + timedelta(seconds=seconds)).level == level


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("postgresql://one/tracker", "ok"),
        ("postgresql://one,two/tracker", "warn"),
        ("postgresql://user:a%2Cb@one/tracker", "ok"),
        ("postgresql://one,[::1]:5433/tracker", "warn"),
        ("postgresql:///tracker?host=one,two", "warn"),
        ("postgresql://one,two/tracker?target_session_attrs=read-write", "ok"),
    ],
)
def test_several_hosts_of_which_none_is_asked_for_as_the_primary_are_told(
    monkeypatch: pytest.MonkeyPatch, url: str, level: str
) -> None:
    monkeypatch.setattr("os.environ", {"DATABASE_URL": url, "REDIS_URL": "redis://queue"})
    assert settings_checks.about_settings(config.load())[0].level == level


def test_workers_of_another_program_at_our_queue_are_named() -> None:
    other = replace(WORKER, name="theirs", hostname="elsewhere")
    finding = work_checks.about_workers([WORKER, other], "tracker", NOW, suspended=False)
    assert (finding.level, "theirs on elsewhere" in finding.seen) == ("warn", True)


def test_aliases_that_two_applications_share_and_those_that_nobody_can_use_are_told() -> None:
    def row(app_id: str, value: str | None) -> dict[str, str | None]:
        return {"app_id": app_id, "setting_value": value}

    aliases = [row("one", "7,8"), row("two", "8"), row("three", None), row("four", "9")]
    dialects = [row("one", "original,matomo"), row("two", "umami"), row("three", "matomo"), row("four", None)]
    shared, idle = about_aliases(aliases, dialects)
    assert (shared.check, shared.level) == ("aliases", "warn")
    assert shared.seen == "applications share an alias: 8 of one, two"
    assert (idle.check, "four" in idle.seen, "one" in idle.seen) == ("dialects", True, False)
    assert about_aliases(aliases[2:3], dialects) == []
