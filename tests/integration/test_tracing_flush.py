"""A process that ends sends its spans, and does not wait for a collector that is away."""

import socket
import threading
import time

import pytest

from tracker import tracing
from tracker.tracing import Tracing

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("answers", ["takes what is sent and says nothing", "refuses the connection"])
def test_nobody_waits_for_a_collector_that_is_away(answers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_FLUSH_SECONDS", 0.2)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    with socket.create_server(("127.0.0.1", 0)) as collector:
        if answers == "refuses the connection":
            collector.close()
            port = 9
        else:
            port = collector.getsockname()[1]
        made = Tracing(f"http://127.0.0.1:{port}", "tracker-worker")
        began = time.monotonic()
        for _ in range(3):
            with made.batch("write hits", [SAMPLED], {}):
                pass
            made.flush()
        assert time.monotonic() - began < 1.5
        assert [thread.name for thread in threading.enumerate()].count("spans") == 1, "one waits for all"
        for thread in threading.enumerate():
            if thread.name == "spans":
                thread.join()
