"""A network of the test's own, a namespace of the kernel's, whose packets it may drop. That takes root."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_DROPPED_FIRST = 10
_LOCAL_ADDRESSES = 100
"""Priorities of rules of routing. The kernel's own rule for local addresses has 0, and nothing can stand before it."""
_HERE = "/proc/thread-self/ns/net"


def here() -> str:
    """Return which network this thread sees."""
    return str(Path(_HERE).readlink())


@contextmanager
def own_network() -> Iterator[bool]:
    """This thread, and what it starts, sees a loopback of its own until the block ends; whether that may be had."""
    outside = os.open(_HERE, os.O_RDONLY)
    kernel = ctypes.CDLL(None, use_errno=True)
    try:
        if shutil.which("ip", path=f"{os.defpath}:/usr/sbin") is None or kernel.unshare(_CLONE_NEWNET) != 0:
            yield False
            return
        try:
            _ip(
                "link set lo up",
                f"rule add pref {_LOCAL_ADDRESSES} lookup local",
                "rule del pref 0 lookup local",
            )
            yield True
        finally:
            assert kernel.setns(outside, _CLONE_NEWNET) == 0
    finally:
        os.close(outside)


@contextmanager
def packets_dropped(port: int, others: Iterable[int]) -> Iterator[None]:
    """Drop what goes between `port` and the ports of some clients, either way and without a word to anybody."""
    ways = [f"ipproto tcp {way} {port} {back} {other}" for other in others for way, back in _EITHER_WAY]
    _ip(*(f"rule add pref {_DROPPED_FIRST} {way} blackhole" for way in ways))
    try:
        yield
    finally:
        _ip(*(f"rule del pref {_DROPPED_FIRST} {way} blackhole" for way in ways))


_EITHER_WAY = (("dport", "sport"), ("sport", "dport"))


def packets_without_a_way() -> int:
    """Count the packets that the network of this thread had no way for, or was told to drop."""
    lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    names, values = (line.split() for line in lines if line.startswith("Ip:"))
    return int(values[names.index("OutNoRoutes")])


def _ip(*commands: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True, capture_output=True)
