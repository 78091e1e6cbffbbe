"""`/metrics`: what all processes have counted, and what a look at the servers says."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.command_line import tracker, work_until_dry
from tests.support.failed_hits import fail
from tests.support.managing import Managing
from tests.support.needed import need
from tests.support.servers_away import redis_away
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.management import aliases
from tracker.management import settings as application_settings
from tracker.queueing import metric_counts
from tracker.queueing.connection import Connection
from tracker.store.database import Database

REPOSITORY = Path(__file__).resolve().parents[2]
NOWHERE_POSTGRESQL = "postgresql://nobody@127.0.0.1:1/nothing"
NOWHERE_REDIS = "redis://127.0.0.1:1/0"
TOKEN = "a token of the scraper's own"
Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def seen(settings: Settings, application: Application) -> Iterator[Managing]:
    with closing(Managing(replace(settings, metrics_token=TOKEN))) as managing:
        yield managing


def scrape(managing: Managing) -> Samples:
    answer = managing.get("/metrics", key=TOKEN)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_is_closed_to_everybody_without_its_token(managing: Managing, seen: Managing) -> None:
    for key in (None, "admin", "wrong", "é"):
        assert managing.get("/metrics", key=key).status_code == 404
        assert seen.get("/metrics", key=key).status_code == 401


def test_what_receivers_and_workers_did_is_one_answer(
    seen: Managing, settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    for _ in range(3):
        assert seen.post("/v1/track", {"app_id": "shop", "url": "https://shop.example/"}, key=None).status_code == 200
    assert seen.post("/v1/track", {"app_id": "shop"}, key=None, headers={"User-Agent": "Googlebot"}).status_code == 200
    assert seen.post("/v1/track", {"app_id": "nobody"}, key=None).status_code == 404
    seen.receiver.context.background_tasks.turn()
    before = scrape(seen)
    assert before["tracker_queue_waiting_hits", ("normal",)] == 3
    assert before["tracker_hits_stored_total", ()] == 0
    work_until_dry(settings)
    fail(database, application, 9)
    after = scrape(seen)
    assert after["tracker_hits_accepted_total", ()] == 3
    assert after["tracker_hits_filtered_total", ("bot",)] == 1
    assert after["tracker_requests_refused_total", ("APPLICATION_NOT_FOUND",)] == 1
    assert after["tracker_hits_stored_total", ()] == 3
    assert after["tracker_batch_hits_sum", ()] == 3
    assert after["tracker_batch_hits_bucket", ("+Inf",)] == after["tracker_batch_seconds_count", ()] == 1
    assert after["tracker_queue_waiting_hits", ("normal",)] == 0
    assert after["tracker_queue_drain_seconds", ()] == 0
    assert after["tracker_batch_queue_rows", ("failed",)] == 1
    assert after["tracker_months_ahead", ()] == 3
    assert after["tracker_scheduler_leader", ()] == 0
    assert after["tracker_up", ("redis",)] == after["tracker_up", ("postgresql",)] == 1


def test_a_hit_counts_by_whichever_way_it_comes_and_a_repeat_does_not(
    seen: Managing, database: Database, valkey: Valkey, application: Application
) -> None:
    application_settings.set_(database, "shop", "dialects", "matomo")
    aliases.add(database, "shop", "7")
    seen.receiver.context.background_tasks.turn()
    matomo = "/matomo.php?idsite=7&rec=1&url=https%3A%2F%2Fshop.example%2F"
    assert seen.get(matomo, key=None).status_code == 200
    assert seen.get(matomo.replace("idsite=7", "idsite=8"), key=None).status_code == 404
    hit = {"app_id": "shop", "url": "https://shop.example/", "event_id": str(uuid4())}
    for _ in range(2):
        assert seen.post("/v1/track", hit, key=None).status_code == 200
    with redis_away(valkey):
        assert seen.post("/v1/track", {**hit, "event_id": str(uuid4())}, key=None).status_code == 200
    seen.receiver.context.background_tasks.turn()
    samples = scrape(seen)
    assert samples["tracker_hits_accepted_total", ()] == 3
    assert samples["tracker_requests_refused_total", ("NOT_FOUND",)] == 1


def test_told_twice_nothing_counts_twice(seen: Managing) -> None:
    seen.post("/v1/track", {"app_id": "shop", "url": "https://shop.example/"}, key=None)
    for _ in range(3):
        seen.receiver.context.background_tasks.turn()
    assert scrape(seen)["tracker_hits_accepted_total", ()] == 1


def test_what_is_unavailable_is_said_and_the_rest_is_there(settings: Settings, application: Application) -> None:
    with closing(Managing(replace(settings, metrics_token=TOKEN, redis_url=NOWHERE_REDIS))) as managing:
        samples = scrape(managing)
        assert (samples["tracker_up", ("redis",)], samples["tracker_up", ("postgresql",)]) == (0, 1)
        assert samples["tracker_months_ahead", ()] == 3
        assert ("tracker_hits_stored_total", ()) not in samples
    with closing(Managing(replace(settings, metrics_token=TOKEN, database_url=NOWHERE_POSTGRESQL))) as managing:
        samples = scrape(managing)
        assert (samples["tracker_up", ("redis",)], samples["tracker_up", ("postgresql",)]) == (1, 0)
        assert ("tracker_months_ahead", ()) not in samples


def test_rates_and_the_time_to_drain_are_those_of_queue_status(
    seen: Managing, settings: Settings, redis: Connection
) -> None:
    (seconds, _) = redis.time()
    for minute in range(seconds // 60 - 5, seconds // 60 + 3):  # One may end meanwhile.
        redis.hset(f"tracker:metrics:minute:{minute}", mapping={"in": 60, "out": 180})
    for _ in range(4):
        seen.post("/v1/track", {"app_id": "shop", "url": "https://shop.example/"}, key=None)
    samples = scrape(seen)
    assert samples["tracker_queue_in_hits_per_second", ()] == pytest.approx(1, abs=0.5)
    assert samples["tracker_queue_out_hits_per_second", ()] == pytest.approx(3, abs=0.7)
    status = tracker(settings, "queue", "status", "--json").json
    assert status["seconds_to_drain"] == pytest.approx(samples["tracker_queue_drain_seconds", ()], abs=1)
    assert status["hits_in_per_second"] == pytest.approx(samples["tracker_queue_in_hits_per_second", ()], abs=0.05)
    assert "drained in" in tracker(settings, "queue", "status").output


def test_fields_of_another_version_are_passed_over(redis: Connection, seen: Managing) -> None:
    redis.hset("tracker:metrics", mapping={"nonsense": "1", '["tracker_unknown_total",[]]': "5"})
    assert ("tracker_unknown_total", ()) not in scrape(seen)
    assert metric_counts.counts(redis)["tracker_unknown_total", ()] == 5


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\btracker_[a-z_]+", expression))


@pytest.fixture
def exported(seen: Managing) -> set[str]:
    """The names of all families, with the endings that their samples have."""
    text = seen.get("/metrics", key=TOKEN).text
    families = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    endings = {"histogram": ("", "_bucket", "_sum", "_count")}
    return {name + ending for name, kind in families for ending in endings.get(kind, ("",))} | {
        "tracker_queue_drain_seconds"
    }


def test_alerts_and_the_dashboard_name_only_metrics_that_there_are(exported: set[str]) -> None:
    rules = yaml.safe_load((REPOSITORY / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    board: Any = json.loads((REPOSITORY / "deploy/grafana/access-log-tracker.json").read_text())
    expressions = [rule["expr"] for rule in rules]
    expressions += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert set().union(*map(names_in, expressions)) - exported == set()


def test_the_documents_have_every_metric_and_every_alert(exported: set[str]) -> None:
    documented = names_in((REPOSITORY / "docs/metrics.md").read_text())
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported}
    assert families - documented == set()
    assert documented - exported == set()
    rules = yaml.safe_load((REPOSITORY / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    headings = re.findall(r"^## (\S+)$", (REPOSITORY / "docs/runbook.md").read_text(), re.MULTILINE)
    assert headings == [rule["alert"] for rule in rules]


def test_promtool_accepts_the_alerts_and_their_tests() -> None:
    need(shutil.which("promtool"), "promtool (Debian: prometheus)")
    folder = REPOSITORY / "deploy/prometheus"
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
