"""The receiver as processes of its own, for tests that enter by its front door."""

import contextlib
import http.client
import itertools
import os
import random
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.command_line import PROJECT
from tests.support.started import start
from tests.support.waiting import PATIENCE, wait_until

# Each of several test processes has ports of its own: what one has looked up another does not take before it is used.
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = range(10_000 + _PROCESS, 32_000, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
_next_ports = itertools.cycle(random.SystemRandom().sample(_PORTS, len(_PORTS)))


def free_port() -> int:
    """A free port, below those that the system gives to connections, so that none of these takes it meanwhile."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            port = next(_next_ports)
            probe.bind(("127.0.0.1", port))
            return port


class Serving:
    """A server started by `command`, in which PORT stands for a free port."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        processes: int = 2,
        checkout: Path = PROJECT,
    ) -> None:
        self._processes = processes
        self.port = free_port()
        self._log = folder / "server.log"
        arguments = [str(self.port) if part == "PORT" else part for part in command]
        with self._log.open("wb") as log, Path(os.devnull).open("rb") as nothing:
            variables = {**environment, "PYTHONPATH": str(checkout)}
            self.process = start((nothing, log, log), variables, *arguments, folder=folder)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_until_live(self) -> None:
        """Until it answers and every process of it has started."""

        def is_live() -> bool:
            assert self.process.poll() is None, self.log
            return self.status("/health/live") == 200 and self.started() >= self._processes

        wait_until(is_live)

    def started(self) -> int:
        """How many processes have started so far; of another server's log, as granian says it."""
        return len(re.findall("process started|Started worker", self.log))

    def status(self, path: str) -> int | None:
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(self.connect()) as connection:
            connection.request("GET", path)
            return connection.getresponse().status
        return None

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Send bytes as they are on a connection of their own; the head and the body of the answer."""
        with self.socket() as connection:
            connection.sendall(request)
            return answer_on(connection)

    def workers(self) -> set[int]:
        """The processes that serve."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in listed.split()}

    def terminate(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)


def answer_on(connection: socket.socket) -> tuple[bytes, bytes]:
    """The next answer on a connection, as its head in lower case and its body."""
    head, _, body = _until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
    head = head.lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
    while len(body) < length:
        more = connection.recv(65_536)
        if not more:
            break
        body += more
    return head, body


def _until(connection: socket.socket, end: bytes) -> bytes:
    read = b""
    while end not in read:
        more = connection.recv(65_536)
        assert more, f"the connection ended after {read!r}"
        read += more
    return read


def alive(pid: int) -> bool:
    try:
        # A process that ended and was not waited for yet still has its number.
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextlib.contextmanager
def serving(
    environment: Mapping[str, str], folder: Path, command: list[str] | None = None, *, processes: int = 2
) -> Iterator[Serving]:
    """The receiver, by `python -m tracker serve` unless another command is given; ended in the end."""
    serve = ["-m", "tracker", "serve", "--port", "PORT", "--workers", str(processes)]
    server = Serving(command or serve, environment, folder, processes=processes)
    try:
        server.wait_until_live()
        yield server
    finally:
        children = server.workers() if server.process.poll() is None else set()
        if server.process.poll() is None:
            server.process.terminate()
            try:
                server.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
