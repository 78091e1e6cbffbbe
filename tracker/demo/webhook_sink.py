"""A consumer of webhooks on loopback, as the demo shows one: it verifies what comes, counts it, and answers 204."""

import base64
import hashlib
import hmac
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import orjson


class WebhookSink:
    """Listens from its making to the end of the block. `arrivals` says when each event came first, by its id."""

    def __init__(self) -> None:
        self.secret = b""
        """The bytes with which everything must be signed."""
        self.types: Counter[str] = Counter()
        """How many events there were of each type, each counted once."""
        self.repeated = 0
        self.unsigned = 0
        self.arrivals: dict[str, float] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhook sink", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, event_id: str, timestamp: str, signatures: str, body: bytes) -> bool:
        """Count one request; whether it was signed with our secret (Standard Webhooks, "Verifying signatures")."""
        signed = hmac.digest(self.secret, b"%b.%b.%b" % (event_id.encode(), timestamp.encode(), body), hashlib.sha256)
        expected = "v1," + base64.b64encode(signed).decode()
        with self._lock:
            if not any(hmac.compare_digest(expected, signature) for signature in signatures.split()):
                self.unsigned += 1
                return False
            if event_id in self.arrivals:
                self.repeated += 1
            else:
                self.arrivals[event_id] = time.monotonic()
                self.types[orjson.loads(body)["type"]] += 1
        return True


def _handler(sink: WebhookSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            event_id, timestamp, signatures = (
                self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
            )
            self.send_response(204 if sink.take(event_id, timestamp, signatures, body) else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
