"""The program of a process that holds an engine alone, for the process that started it (`engine_process`).

It ends when that one ends, however that ends, and by itself when no engine is open and nobody asks for one.
"""

import os
import pickle
import select
import signal
import socket
import sys
import threading
from contextlib import nullcontext
from importlib.util import find_spec

from tracker.facts.engine_connection import EngineFailure, EngineRow, Parameters
from tracker.hidden_packages import hidden

# Its package imports `secrets` and with it OpenSSL: 3.6 MB of this process, which makes no hash. Where Python was built
# without hashes of its own (`--with-builtin-hashlib-hashes`, as Fedora and Red Hat do), `hashlib` needs OpenSSL; and so
# does whoever imports this module and is another program.
_makes_no_hash = __name__ == "__main__" and all(map(find_spec, ("_md5", "_sha1", "_sha3")))
with hidden("_hashlib") if _makes_no_hash else nullcontext():
    from tracker.facts.duckdb_connection import DuckDBConnection, DuckDBCursor


def main(descriptor: int, idle_seconds: float) -> None:
    """Answer what comes over a socket, until it is closed or nothing has come for so long."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A terminal or systemd sends them to every process of a service; the other one still ends its step.
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as link, link.makefile("rwb") as stream:
        threading.Thread(target=_end_with_other, args=[descriptor], daemon=True).start()
        engine = HostedEngine()
        while engine.is_open or select.select([link], [], [], idle_seconds)[0]:
            try:
                method, arguments = pickle.load(stream)  # noqa: S301 from the process that started this one
            except EOFError:
                return
            try:
                answer = True, getattr(engine, method)(*arguments)
            except EngineFailure as failure:
                answer = False, (failure.name, str(failure))
            pickle.dump(answer, stream)
            stream.flush()


def _end_with_other(descriptor: int) -> None:
    """End this process, in the middle of a statement too, once nobody holds the other end."""
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    poll.poll()
    os._exit(0)


class HostedEngine:
    """What may be asked for, by the names of its methods: an engine at a time, and cursors of it by their numbers."""

    def __init__(self) -> None:
        self._connection: DuckDBConnection | None = None
        self._cursors: dict[int, DuckDBCursor] = {}

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def open(self, folder: str, memory_megabytes: int, spill: str, threads: int) -> None:
        self._connection = DuckDBConnection(folder, memory_megabytes, spill, threads)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._cursors.clear()

    def open_cursor(self, number: int) -> None:
        assert self._connection is not None
        self._cursors[number] = self._connection.cursor()

    def close_cursor(self, number: int) -> None:
        self._cursors.pop(number).close()

    def rows(self, number: int, statement: str, params: Parameters) -> list[EngineRow]:
        return self._cursors[number].rows(statement, params)

    def run(self, number: int, statement: str, params: Parameters) -> None:
        self._cursors[number].run(statement, params)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
