"""A store of objects that fails now and then: a proxy in front of a bucket's server.

What it does to a request is drawn: an answer of 500 or of 503 instead of it, a connection that ends before it or in the
middle of its answer, or an answer that is lost though the request was carried out. `kept` is no failure of a server:
objects may not be deleted, which S3 says in an answer of 200.
"""

import http.client
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Failure = Literal["500", "503", "no answer", "half an answer", "lost answer", "kept"]
FAILURES: tuple[Failure, ...] = ("500", "503", "no answer", "half an answer", "lost answer")
_KEPT = b"<Error>%b<Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class FailingBucket(ThreadingHTTPServer):
    """The proxy; `failures` counts what it did."""

    daemon_threads = True

    def __init__(self, url: str, chance: random.Random, rate: float, only: Sequence[Failure]) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.behind = urlsplit(url).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.failures = Counter[str]()
        self._chance, self._rate, self._only, self._lock = chance, rate, only, threading.Lock()

    def draw(self) -> Failure | None:
        """Return what becomes of a request; None for the answer that it should have."""
        with self._lock:
            if self._chance.random() >= self._rate:
                return None
            failure = self._chance.choice(self._only)
            self.failures[failure] += 1
            return failure

    def heal(self) -> None:
        """Fail no more."""
        self._rate = 0.0


class _Request(BaseHTTPRequestHandler):
    server: FailingBucket
    protocol_version = "HTTP/1.1"

    def _carry(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        failure = self.server.draw()
        self.close_connection = failure is not None
        if failure in ("500", "503"):
            self.send_response(int(failure))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if failure == "no answer":
            return
        if failure == "kept" and self.path.endswith("?delete"):
            self._answer(b"".join(_KEPT % key for key in re.findall(rb"<Key>.*?</Key>", body)))
            return
        behind = http.client.HTTPConnection(self.server.behind, timeout=10)
        try:
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            content = answer.read()
        finally:
            behind.close()
        if failure == "lost answer":
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "server", "date"):
                self.send_header(name, value)
        # The answer to a HEAD says how long the object is, and has no content.
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if failure == "half an answer" else content)

    def _answer(self, kept: bytes) -> None:
        content = b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%b</DeleteResult>' % kept
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _carry  # noqa: N815 the base's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
        """Say nothing."""


@contextmanager
def failing_bucket(url: str, *, seed: int, rate: float, only: Sequence[Failure] = FAILURES) -> Iterator[FailingBucket]:
    """Give a proxy in front of a server, which fails that share of the requests."""
    proxy = FailingBucket(url, random.Random(seed), rate, only)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
