"""A bucket of an S3-compatible server (moto's), and the facts in it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import obstore
import requests
from obstore.store import S3Store

from bench.processes import free_port
from tests.support.client_packages import bucket_server_packages
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.facts.bucket import S3Bucket
from tracker.facts.bucket_folder import BucketFolder
from tracker.facts.write import Writer
from tracker.store import archived_hits, facts_files
from tracker.store.database import Database

NAME = "tracker-facts"


@dataclass(frozen=True)
class BucketServer:
    """The server, with one bucket."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that uses it."""
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        return {**keys, "AWS_ENDPOINT_URL": self.url}

    def empty(self) -> None:
        """Make the bucket anew."""
        requests.post(f"{self.url}/moto-api/reset", timeout=10).raise_for_status()
        requests.put(f"{self.url}/{NAME}", timeout=10).raise_for_status()

    def object(self, name: str) -> bytes:
        return bytes(obstore.get(self._store(), name).bytes())

    def put(self, name: str, content: bytes) -> None:
        obstore.put(self._store(), name, content)

    def delete(self, name: str) -> None:
        obstore.delete(self._store(), name)

    def names(self, end: str = "") -> list[str]:
        return [one["path"] for block in obstore.list(self._store()) for one in block if one["path"].endswith(end)]

    def _store(self) -> S3Store:
        keys = {"access_key_id": "key", "secret_access_key": "secret", "region": "us-east-1"}
        return S3Store(NAME, endpoint=self.url, client_options={"allow_http": True}, **keys)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Know nobody, whatever key they bring."""
        requests.post(f"{self.url}/moto-api/reset-auth", b"0", timeout=10).raise_for_status()
        try:
            yield
        finally:
            requests.post(f"{self.url}/moto-api/reset-auth", b"inf", timeout=10).raise_for_status()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def bucket_server(log: Path) -> Iterator[BucketServer]:
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "inf", "PYTHONPATH": str(bucket_server_packages())},
        )
    server = BucketServer(f"http://127.0.0.1:{port}", process)
    try:
        wait_until(lambda: _answers(server))
        yield server
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@contextmanager
def dripping() -> Iterator[str]:
    """Give the URL of a server whose answers take a second, a byte at a time."""

    class Drips(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {
                "Content-Length": "10",
                "ETag": '"x"',
                "Last-Modified": "Sun, 29 Nov 2026 12:00:00 GMT",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            for _ in range(10):
                time.sleep(0.1)
                self.wfile.write(b"x")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drips)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def folder_in_bucket(database: Database, copies: Path, *, timeout_seconds: int = 20) -> BucketFolder:
    """The bucket as one process sees it, with its own copies."""

    def present(names: list[str]) -> set[str]:
        with database.transaction() as tx:
            return facts_files.present(tx, names) | archived_hits.known(tx, names)

    return BucketFolder(S3Bucket(f"s3://{NAME}/facts", timeout_seconds=timeout_seconds), copies, present)


def make_facts_in(folder: BucketFolder, database: Database) -> Writer:
    writer = Writer(database, folder, SystemClock())
    writer.turn(seconds=60)
    return writer


def _answers(server: BucketServer) -> bool:
    try:
        return requests.get(server.url, timeout=1).ok
    except requests.RequestException:
        return False
