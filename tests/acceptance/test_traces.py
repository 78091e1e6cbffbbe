"""One trace from a caller's request through the stored row to the delivery, as a collector of traces sees it."""

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.command_line import environment, tracker
from tests.support.consumers import Consumer, consumer
from tests.support.queued_hits import rows
from tests.support.running import running
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tests.support.webhook_endpoints import register
from tracker import tracing
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.errors import SettingsInvalid
from tracker.store.database import Database

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{CALLER}-01"
NOT_SAMPLED = f"00-{TRACE}-{CALLER}-00"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
WEBHOOKS = {
    "TRACKER_SECRET_KEY": "secret key of the tests",
    "TRACKER_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "TRACKER_WEBHOOK_ALLOW_HTTP": "true",
}


class Collector(http.server.BaseHTTPRequestHandler):
    """What takes spans."""

    spans: list[tuple[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans.extend((names["service.name"], span) for span in scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def collecting() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    spans: list[tuple[str, Any]] = []
    handler = type("Own", (Collector,), {"spans": spans})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", spans
        finally:
            server.shutdown()
            thread.join()


class World:
    """A receiver, a worker, a scheduler and a consumer of webhooks."""

    def __init__(self, server: Serving, heard: Consumer, key: str) -> None:
        self._server, self._key = server, key
        self.heard = heard

    def send(self, path: str, body: dict[str, Any], traceparent: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "X-API-Key": self._key}
        if traceparent is not None:
            headers["traceparent"] = traceparent
        connection = self._server.connect()
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        read: dict[str, Any] = json.loads(answer.read())
        connection.close()
        assert answer.status == 200, read
        return read["data"]  # type: ignore[no-any-return]

    def deliveries(self, number: int) -> list[tuple[str, str | None, dict[str, Any]]]:
        """Of so many hits: the delivery's id, its `traceparent`, its data."""
        wait_until(lambda: len(self.heard.received) >= number)
        return sorted(
            (item.id, item.headers.get("traceparent"), json.loads(item.body)["data"]) for item in self.heard.received
        )


@contextmanager
def world(
    settings: Settings, database: Database, application: Application, key: str, folder: Path, **more: str
) -> Iterator[World]:
    with ExitStack() as stack:
        heard = stack.enter_context(consumer())
        register(database, application, heard.url, SystemClock().now(), events=("tracking.created",))
        more = {**WEBHOOKS, **SOON, **more}
        for program, *options in (("worker.py", "--workers", "1"), ("scheduler.py",)):
            stack.enter_context(running(settings, folder, program, *options, **more))
        yield World(stack.enter_context(serving(environment(settings, **more), folder)), heard, key)


def test_a_callers_trace_goes_on_to_the_consumer(
    settings: Settings, database: Database, application: Application, application_key: str, tmp_path: Path
) -> None:
    with (
        collecting() as (endpoint, spans),
        world(settings, database, application, application_key, tmp_path, TRACKER_OTLP_ENDPOINT=endpoint) as all_of_it,
    ):
        all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/0"})
        all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/1"}, NOT_SAMPLED)
        hit = all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/a"}, SAMPLED)
        [(delivery, passed_on, data)] = [item for item in all_of_it.deliveries(3) if item[2]["url"][-1] == "a"]
        wait_until(lambda: len(spans) >= 3)
    assert len(spans) == 3, "who has not sampled is not traced"
    by_service = dict(spans)
    assert sorted(by_service) == ["tracker-receiver", "tracker-scheduler", "tracker-worker"]
    assert {span.trace_id.hex() for _, span in spans} == {TRACE}
    request, write, attempt = (by_service[f"tracker-{name}"] for name in ("receiver", "worker", "scheduler"))
    assert request.parent_span_id.hex() == CALLER
    assert request.name == "POST /v1/track"
    assert write.parent_span_id == attempt.parent_span_id == request.span_id
    assert [link.span_id for link in write.links] == [request.span_id]
    assert passed_on == f"00-{TRACE}-{attempt.span_id.hex()}-01"
    # The hit's own id is one from the answer to the row and the delivery.
    assert delivery == f"hit_{hit['tracking_id'].replace('-', '')}"
    assert data["tracking_id"] == hit["tracking_id"]
    assert data["traceparent"] == f"00-{TRACE}-{request.span_id.hex()}-01"
    assert rows(database, "SELECT count(*) FROM access_logs WHERE url = 'https://shop.example/a'") == [(1,)]


def test_without_a_collector_the_trace_is_passed_on_as_it_came(
    settings: Settings, database: Database, application: Application, application_key: str, tmp_path: Path
) -> None:
    with world(settings, database, application, application_key, tmp_path) as all_of_it:
        all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/0"})
        all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/1"}, SAMPLED)
        all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/2"}, "nonsense")
        events = [{"url": f"https://shop.example/{number}"} for number in (3, 4)]
        all_of_it.send("/v1/track/batch", {"app_id": "shop", "events": events}, SAMPLED)
        passed_on = {data["url"][-1]: (header, data.get("traceparent")) for _, header, data in all_of_it.deliveries(5)}
    nothing, whole = (None, None), (SAMPLED, SAMPLED)
    assert passed_on == {"0": nothing, "1": whole, "2": nothing, "3": whole, "4": whole}


@pytest.mark.long
def test_an_operator_may_have_requests_traced_that_nobody_has_sampled(
    settings: Settings, database: Database, application: Application, application_key: str, tmp_path: Path
) -> None:
    with collecting() as (endpoint, spans):
        more = {"TRACKER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_SAMPLER": "parentbased_always_on"}
        with world(settings, database, application, application_key, tmp_path, **more) as all_of_it:
            all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/a"})
            [(_, passed_on, _)] = all_of_it.deliveries(1)
            wait_until(lambda: len(spans) >= 3)
            all_of_it.send("/v1/track", {"app_id": "shop", "url": "https://shop.example/b"}, NOT_SAMPLED)
            all_of_it.deliveries(2)
    assert passed_on is not None
    assert len(spans) == 3
    assert len({span.trace_id for _, span in spans}) == 1


@pytest.mark.long
def test_a_collector_that_is_not_there_costs_no_hit(
    settings: Settings, database: Database, application: Application, application_key: str, tmp_path: Path
) -> None:
    nobody = {"TRACKER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with world(settings, database, application, application_key, tmp_path, **nobody) as all_of_it:
        for number in range(5):
            all_of_it.send("/v1/track", {"app_id": "shop", "url": f"https://shop.example/{number}"}, SAMPLED)
        assert len(all_of_it.deliveries(5)) == 5


def test_an_address_that_is_none_is_refused_at_the_start(settings: Settings) -> None:
    for wrong in ("collector:4317", "http://me:secret@collector:4318", "grpc://collector:4317"):
        finished = tracker(settings, "scheduler", "--check", TRACKER_OTLP_ENDPOINT=wrong)
        assert finished.status == 2
        assert "TRACKER_OTLP_ENDPOINT" in finished.errors
        assert "secret" not in finished.errors
        assert finished.errors.count("\n") == 1


def test_the_packages_are_asked_for_where_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(tracing.importlib, "import_module", missing)
    tracing.require(None)
    with pytest.raises(SettingsInvalid, match=r"pip install 'access-log-tracker\[otel\]'"):
        tracing.require("http://127.0.0.1:4318")
