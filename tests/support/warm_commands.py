"""A process with our libraries loaded that forks for each command of a test: `python -m tests.support.warm_commands`.

A test suite runs hundreds of commands, and most of the time of each is spent on loading the same libraries. A fork has
a process, an environment, a folder and standard streams of its own, as a command that a shell starts; it is only there
sooner. Orders come as packets on the socket that is this process's standard input, the streams beside them.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import sys
from typing import Any

PACKAGES = ("tracker.cli", "tracker.queueing", "tracker.store", "tracker.wiring")
PACKET = 200_000


def main() -> None:
    for package in PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as orders:
        while True:
            order, streams, _, _ = socket.recv_fds(orders, PACKET, 3)
            if not order:
                return
            child = os.fork()
            if child == 0:
                orders.close()
                run(json.loads(order), streams)
            for stream in streams:
                os.close(stream)
            orders.send(str(child).encode())
            orders.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def run(order: dict[str, Any], streams: list[int]) -> None:
    """Be the command; never returns."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115 for as long as it lives
        for number, mode in enumerate(("r", "w", "w"))
    )
    os.environ.clear()
    os.environ.update(order["variables"])
    os.chdir(order["folder"])
    module, *arguments = order["arguments"]
    if module == "-m":
        module, *arguments = arguments
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [module, *arguments]
        runpy.run_path(module, run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    main()
