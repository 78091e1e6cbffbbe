"""Other trackers' clients for servers: each call is stored as its client means it, and heard as it expects.

`make test-clients` runs this.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.client_packages import ALIASES, CLIENTS, node_modules, python_packages
from tests.support.command_line import PROJECT
from tests.support.receiving import queued_hits
from tests.support.servers_away import postgres_away, redis_away
from tests.support.serving import Serving, serving
from tracker.application import Application
from tracker.embedded import Postgres, Valkey
from tracker.hit import Hit
from tracker.management import applications, settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("application")]


@pytest.fixture
def server(
    environment: dict[str, str], redis: Connection, database: Database, application: Application, tmp_path: Path
) -> Iterator[Serving]:
    settings.change(
        database, application.app_id, {"dialects": "matomo,umami,plausible,segment,otlp", "aliases": ALIASES}
    )
    with serving(environment, tmp_path) as running:
        yield running


def by_event(redis: Connection) -> dict[str, Hit]:
    return {f"{hit.event_name} {hit.url or ''}".strip(): hit for hit in queued_hits(redis)}


def test_the_clients_for_node(server: Serving, redis: Connection) -> None:
    command = ["node", str(CLIENTS / "send.mjs"), f"http://127.0.0.1:{server.port}", str(node_modules().parent)]
    run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    said: dict[str, Any] = json.loads(run.stdout)
    assert said["matomo_bulk"] == {"status": "success", "tracked": 1, "invalid": 0}
    assert "404" in said["matomo_refused"]
    assert set(said["umami"]) == {"cache", "sessionId", "visitId"}
    assert said["umami_refused"] == 400
    assert said["older_jitsu"] == 200
    assert "segment_error" not in said
    hits = by_event(redis)
    assert {hit.app_id for hit in hits.values()} == {"shop"}
    page = hits["page_view https://shop.example/matomo"]
    assert (page.client_sub_id, page.custom_params) == ("visitor-1", {"title": "Page"})
    event = hits["matomo event https://shop.example/matomo"]
    assert event.event_data == {"category": "video", "action": "matomo event", "value": 9.5}
    assert "matomo bulk https://shop.example/bulk" in hits
    umami = hits["page_view https://shop.example/umami"]
    assert (umami.referrer, umami.custom_params) == ("https://search.example/", {"title": "Page"})
    assert hits["umami event"].event_data == hits["older jitsu event"].event_data == {"plan": "pro"}
    segment = hits["segment event"]
    assert (segment.client_sub_id, segment.event_data) == ("visitor-2", {"plan": "pro"})
    assert hits["page_view https://shop.example/segment"].client_sub_id == "visitor-3"
    identified = [hit for hit in queued_hits(redis) if hit.event_name == "identify"]
    assert [hit.event_data for hit in identified] == [{"plan": "pro"}, {"plan": "pro"}]
    assert len(queued_hits(redis)) == 10


def run_python(script: str, *arguments: str) -> Any:
    command = [sys.executable, str(PROJECT / "tests/support" / script), *arguments]
    alone = {"PATH": os.environ["PATH"], "PYTHONPATH": str(python_packages())}
    run = subprocess.run(command, env=alone, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(run.stdout)


def test_the_clients_for_python(server: Serving, redis: Connection) -> None:
    assert run_python("sending_clients.py", f"http://127.0.0.1:{server.port}") == {
        "bulk": {"status": "success", "tracked": 2, "invalid": 0}
    }
    hits = by_event(redis)
    umami = hits["umami python https://shop.example/python"]
    assert (umami.event_data, umami.custom_params) == ({"plan": "pro"}, {"title": "Page"})
    segment = hits["segment python"]
    assert (segment.client_sub_id, segment.event_data) == ("visitor-4", {"plan": "pro"})
    order = hits["order https://shop.example/matomopy"]
    item = {"sku": "SKU", "name": "Shoe", "category": ["red"], "price": 10.25, "quantity": 2}
    assert order.event_data == {"order_id": "A1", "revenue": 20.5, "items": [item]}
    assert (order.client_sub_id, order.custom_params) == ("visitor-5", {"dimension1": "gold"})
    assert "page_view https://shop.example/matomopy" in hits
    assert "matomopy event https://shop.example/matomopy" in hits
    assert len(queued_hits(redis)) == 5


def test_what_is_refused_for_now_comes_again_and_is_stored_once(
    server: Serving, redis: Connection, postgres: Postgres, valkey: Valkey
) -> None:
    command = ["node", str(CLIENTS / "retry.mjs"), f"http://127.0.0.1:{server.port}", str(node_modules().parent)]
    with redis_away(valkey), postgres_away(postgres):
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None
        assert run.stdout.readline() == "tried\n"
    said, _ = run.communicate(timeout=120)
    assert json.loads(said) == []
    hits = {hit.event_name: hit for hit in queued_hits(redis)}
    assert {name: hit.client_sub_id for name, hit in hits.items()} == {
        "segment later": "visitor-1",
        "rudder later": "visitor-2",
    }
    assert len(queued_hits(redis)) == 2


def test_the_exporters_of_open_telemetry(server: Serving, redis: Connection, application_key: str) -> None:
    base = f"http://127.0.0.1:{server.port}"
    assert run_python("sending_otlp.py", base, application_key, "json") == []
    page, event = queued_hits(redis)
    assert (page.url, page.referrer) == ("https://shop.example/a?x=1", "https://search.example/")
    assert (page.ip_address, page.user_agent, page.language) == ("198.51.100.0", "Mozilla/5.0 Browser/1", "de-AT")
    assert datetime.now(UTC) - page.created_at > timedelta(minutes=59)
    assert (event.event_name, event.client_sub_id, event.session_id) == ("signup", "u1", "s1")
    assert (event.event_data, event.custom_params) == ({"plan": "pro", "seats": 3, "price": 9.5}, {"page_type": "form"})
    # Protobuf is refused, and the exporter's program goes on.
    said = run_python("sending_otlp.py", base, application_key, "protobuf")
    assert said
    assert all("400" in line for line in said)
    assert len(queued_hits(redis)) == 2


def test_on_the_event_loop_a_hit_for_two_applications_is_counted_for_both(
    server: Serving, redis: Connection, database: Database
) -> None:
    applications.create(database, name="All", app_id="all")
    settings.set_(database, "all", "dialects", "plausible")
    event = json.dumps({"n": "pageview", "u": "https://shop.example/", "d": "shop.example,all"})
    connection = server.connect()
    for _ in range(2):
        # The second time both are known, and still one of them has to be asked where it may wait.
        connection.request("POST", "/api/event", event, {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (202, b"ok")
    connection.close()
    assert sorted(hit.app_id for hit in queued_hits(redis)) == ["all", "all", "shop", "shop"]
