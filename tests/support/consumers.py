"""Consumers of webhooks on loopback, of good manners and of bad ones, each a real server."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count


@dataclass
class Received:
    """One request, as it came."""

    head: str
    body: bytes
    connection: int
    at: float = field(default_factory=time.monotonic)

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Manner = Callable[[socket.socket, Received], object]
"""What a consumer does with a request; None keeps the connection, anything else closes it."""


def answer(status: int = 200, *headers: str, body: bytes = b"") -> Manner:
    """Answer at once and keep the connection."""
    head = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda sock, _: sock.sendall("\r\n".join(head).encode() + body)


class Consumer:
    """A server that notes what it receives. `manner` may be changed at any time."""

    def __init__(self, manner: Manner | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.manner = manner or answer()
        self.received: list[Received] = []
        self.connections = 0
        self.ended = threading.Event()
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [delivery.id for delivery in self.received]

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def close(self) -> None:
        self.ended.set()
        # Only a shutdown wakes the thread that accepts.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _accept(self) -> None:
        for number in count(1):
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections = number
            threading.Thread(target=self._serve, args=[sock, number], daemon=True).start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        with suppress(OSError, ValueError):
            sock = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            self._open.add(sock)
            try:
                with sock, sock.makefile("rb") as reading:
                    while (received := _read(reading, number)) is not None:
                        self.received.append(received)
                        if self.manner(sock, received) is not None:
                            return
            finally:
                self._open.discard(sock)


def _read(reading: socket.SocketIO, number: int) -> Received | None:  # type: ignore[name-defined]
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reading.readline()
        if not line:
            return None
        head += line
    received = Received(head.decode("latin-1").removesuffix("\r\n\r\n"), b"", number)
    received.body = reading.read(int(received.headers.get("content-length", "0")))
    return received


@contextmanager
def consumer(manner: Manner | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[Consumer]:
    """One consumer, closed with all its connections when the block ends."""
    opened = Consumer(manner, tls=tls)
    try:
        yield opened
    finally:
        opened.close()


def hang(sock: socket.socket, _: Received) -> object:
    """Say nothing until the peer goes."""
    sock.settimeout(60)
    return sock.recv(1) or True


def drip(head: bytes, piece: bytes, *, every: float = 0.05) -> Manner:
    """Send `head`, and then `piece` again and again."""

    def dripping(sock: socket.socket, _: Received) -> object:
        sock.sendall(head)
        while True:
            sock.sendall(piece)
            time.sleep(every)

    return dripping


def reset(sock: socket.socket, _: Received) -> object:
    """Answer with a reset instead of a word."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return True


def endless(sock: socket.socket, _: Received) -> object:
    """A gigabyte, as fast as it is taken."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    piece = b"x" * 65536
    for _piece in range(1073741824 // len(piece)):
        sock.sendall(piece)
    return True
