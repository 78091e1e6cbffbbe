"""An address that leads to one server and later to another, as a name does whose server was replaced.

What is connected stays connected to the old server; only new connections reach the new one.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class MovingName:
    """A proxy on a port of the loopback; `path` is the unix socket that new connections are led to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open, self._closed = socket.socketpair()
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._open.close()
        for thread in self._threads:
            thread.join(5)
        self._closed.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.taken += 1
                thread = threading.Thread(target=_pass_on, args=(client, self.path, self._closed), daemon=True)
                self._threads.append(thread)
                thread.start()


def _pass_on(client: socket.socket, path: Path, closed: socket.socket) -> None:
    """Carry bytes both ways until one side has nothing more to say, or the other end of `closed` is gone."""
    with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
        server.connect(str(path))
        other = {client: server, server: client}
        while True:
            readable, _, _ = select.select([*other, closed], [], [])
            if closed in readable:
                return
            for source in readable:
                received = source.recv(65_536)
                if not received:
                    return
                other[source].sendall(received)


@contextmanager
def moving_name(path: Path) -> Iterator[MovingName]:
    name = MovingName(path)
    try:
        yield name
    finally:
        name.close()
