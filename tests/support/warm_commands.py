"""A process with our libraries loaded that forks for each command of a test: `python -m tests.support.warm_commands`.

A test suite runs hundreds of commands, and most of the time of each is spent on loading the same libraries. A fork has
a process, an environment, a folder and standard streams of its own, as a command that a shell starts; it is only there
sooner. Orders come as packets on the socket that is this process's standard input, the streams beside them.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from tests.support.warm_engine import fork_engines
from tracker.dashboard.page import compile_traffic_page
from tracker.facts.agent import agent_of

PACKAGES = ("tracker.cli", "tracker.queueing", "tracker.store", "tracker.wiring")
PACKET = 200_000
LIBC = ctypes.CDLL(None)
MADV_COLLAPSE = 25
HUGE_PAGE = 2 * 1024**2
FLUSH_FAILED = 120
"""The status of an interpreter that could not write the rest of its output."""


def main() -> None:
    gc.disable()
    for package in PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
    # What a command loads when it first reads or writes facts: the patterns of agents cost more than the command.
    importlib.import_module("duckdb")
    fork_engines()
    agent_of("")
    compile_traffic_page()  # A receiver does it before it forks, and they are in Jinja's cache then.
    gc.freeze()
    gc.enable()
    collapse_memory()
    with socket.socket(fileno=os.dup(0)) as orders:
        while True:
            order, streams, _, _ = socket.recv_fds(orders, PACKET, 3)
            if not order:
                return
            reading, writing = os.pipe()
            between = os.fork()
            if between == 0:
                child = os.fork()
                if child == 0:
                    for descriptor in (reading, writing):
                        os.close(descriptor)
                    orders.close()
                    run(json.loads(order), streams)
                os.write(writing, str(child).encode())
                os._exit(0)
            # Once the process between them has ended, the child is the child of who gave the order.
            os.waitpid(between, 0)
            orders.send(os.read(reading, 100))
            for descriptor in (reading, writing, *streams):
                os.close(descriptor)


def collapse_memory() -> None:
    """Have the kernel keep what is loaded in pages of two megabytes, where it can: a fork copies one entry for each."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, *_, name = [*line.split(maxsplit=5), ""][:6]
        if "w" in rights and name in {"", "[heap]"}:
            start, end = (int(address, 16) for address in place.split("-"))
            start += -start % HUGE_PAGE
            for address in range(start, end - HUGE_PAGE + 1, HUGE_PAGE):
                LIBC.madvise(ctypes.c_void_p(address), ctypes.c_size_t(HUGE_PAGE), MADV_COLLAPSE)


def run(order: dict[str, Any], streams: list[int]) -> None:
    """Be the command; never returns.

    It ends as an interpreter does, but for the last: taking apart all that was loaded would write to every page of it,
    and so copy what the forks share. That takes longer than the command.
    """
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
    status = 0
    try:
        execute(*order["arguments"])
    except BaseException as end:  # noqa: BLE001 as an interpreter does with what nobody has caught
        status = status_of(end)
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            status = FLUSH_FAILED
    if status == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def execute(module: str, *arguments: str) -> None:
    if module == "-m":
        module, *rest = arguments
        sys.argv = [module, *rest]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [module, *arguments]
        runpy.run_path(module, run_name="__main__")


def status_of(end: BaseException) -> int:
    """The status with which an interpreter ends after this, which it has said on standard error."""
    if not isinstance(end, SystemExit):
        sys.excepthook(type(end), end, end.__traceback__)
        return -signal.SIGINT if isinstance(end, KeyboardInterrupt) else 1
    if end.code is None or isinstance(end.code, int):
        return (end.code or 0) & 0xFF
    sys.stderr.write(f"{end.code}\n")
    return 1


if __name__ == "__main__":
    main()
