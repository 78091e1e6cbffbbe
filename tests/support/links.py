"""A network between two parts that a test spoils: a proxy in front of a server's unix socket (decision 0116).

`cut` ends connections and takes no new ones. `half-open` leaves the connections there are open and carries nothing any
more; new ones work. `silent` holds everything back, new connections too, and carries it afterwards. `slow` holds each
piece back for a while. `torn` ends a connection in the middle of what it carries.
"""

import contextlib
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.support.own_network import packets_dropped, packets_without_a_way

Trouble = Literal["cut", "half-open", "silent", "slow", "torn"]
TROUBLES: tuple[Trouble, ...] = ("cut", "half-open", "silent", "slow", "torn")
SLOW_SECONDS = 0.15
PIECE = 65_536
_LOOK_SECONDS = 0.05
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset, as a machine does that has forgotten the connection."""


class Link:
    """A port of the loopback that leads to `path`, which may change. `bitten` counts what a trouble did to somebody."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path, self._chance = path, chance
        self._trouble: Trouble | None = None
        self._dead_before = self._ended_before = 0
        self.bitten = 0
        self._clients: set[int] = set()
        self._dropping = contextlib.ExitStack()
        self._without_a_way = 0
        self._connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def troubled(self, trouble: Trouble) -> Iterator[None]:
        """Spoil the network until the block ends; connections that went half-open stay so."""
        if trouble == "half-open":
            self.forget_connections()
        else:
            self._trouble = trouble
        try:
            yield
        finally:
            self._trouble = None

    def forget_connections(self) -> None:
        """Leave those there are open, and carry nothing on them any more."""
        self._dead_before = self._connections + 1

    def drop_packets(self) -> None:
        """Have the kernel drop what these connections carry from now on, either way; in a network of the test's own."""
        self.let_packets_pass()
        self._without_a_way = packets_without_a_way()
        self._dropping.enter_context(packets_dropped(self.port, tuple(self._clients)))

    @property
    def packets_dropped(self) -> int:
        return packets_without_a_way() - self._without_a_way

    def let_packets_pass(self) -> None:
        """Drop nothing any more: a port of a connection that was given up may be another's by now."""
        self._dropping.close()

    def end_connections(self) -> None:
        """End those there are, so that all connect anew."""
        self._ended_before = self._connections + 1

    def close(self) -> None:
        self._is_closed = True
        self.let_packets_pass()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._connections += 1
                arguments = client, self._connections
                threading.Thread(target=self._carry, args=arguments, daemon=True).start()

    def _carry(self, client: socket.socket, number: int) -> None:
        """Carry bytes both ways until one side has nothing more to say."""
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError), self._counted(client):
            self._wait_while_silent()
            if self._is_cut():
                return
            server.connect(str(self.path))
            other = {client: server, server: client}
            while not self._is_closed and number >= self._ended_before and not self._is_cut():
                readable, _, _ = select.select(list(other), [], [], _LOOK_SECONDS)
                for source in readable:
                    received = source.recv(PIECE)
                    if not received or not self._pass_on(received, other[source], number):
                        return

    @contextmanager
    def _counted(self, client: socket.socket) -> Iterator[None]:
        port: int = client.getpeername()[1]
        self._clients.add(port)
        try:
            yield
        finally:
            self._clients.discard(port)

    def _pass_on(self, received: bytes, to: socket.socket, number: int) -> bool:
        """Return whether the connection lives on."""
        if number < self._dead_before:
            self.bitten += 1
            return True
        self._wait_while_silent()
        trouble = self._trouble
        if trouble == "slow":
            self.bitten += 1
            time.sleep(SLOW_SECONDS)
        elif trouble == "torn" and self._chance.random() < 0.3:
            self.bitten += 1
            to.sendall(received[: self._chance.randrange(len(received))])
            return False
        to.sendall(received)
        return True

    def _is_cut(self) -> bool:
        if self._trouble == "cut":
            self.bitten += 1
            return True
        return False

    def _wait_while_silent(self) -> None:
        while self._trouble == "silent" and not self._is_closed:
            self.bitten += 1
            time.sleep(_LOOK_SECONDS)


@contextmanager
def link(path: Path, chance: random.Random) -> Iterator[Link]:
    opened = Link(path, chance)
    try:
        yield opened
    finally:
        opened.close()
