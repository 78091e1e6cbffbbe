"""Several machines in one: network namespaces of the kernel's, each with a cable to where the servers are.

PostgreSQL and the nodes of a cluster listen at `SERVERS`, in a network of the test's own. A host has an address, a
route there, and a receiver, workers and a scheduler. That takes root.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from tests.support.command_line import PROJECT
from tests.support.serving import free_port
from tracker.embedded import Postgres
from tracker.embedded.identity import ServerIdentity

SERVERS = "10.213.0.1"
PORT = 8000
"""Where each host's receiver listens."""
PROGRAMS = {
    "receiver": ("-m", "tracker", "serve", "--host", "0.0.0.0", "--port", str(PORT), "--workers", "1"),
    "worker": ("worker.py", "--workers", "1"),
    "scheduler": ("scheduler.py",),
}


class NetworkedPostgres(Postgres):
    """A PostgreSQL that other hosts reach; nobody else is in that network."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, durable=False)
        self.port = free_port()

    def prepare(self, identity: ServerIdentity, lock: int) -> None:
        super().prepare(identity, lock)
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.213.0.0/16 trust\n")

    def command(self) -> list[str]:
        # A host that vanished in the middle of a transaction keeps its locks until the kernel has given it up.
        keepalive = ("tcp_keepalives_idle=5", "tcp_keepalives_interval=2", "tcp_keepalives_count=3")
        settings = (f"listen_addresses={SERVERS}", f"port={self.port}", *keepalive)
        return [*super().command(), *(part for setting in settings for part in ("-c", setting))]

    def network_url(self, database: str) -> str:
        return f"postgresql://postgres@{SERVERS}:{self.port}/{quote(database, safe='')}"

    def url_of(self, database: str) -> str:
        return f"{super().url_of(database)}&port={self.port}"


class Host:
    """One machine: its processes, and what they have used."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number, self._folder = number, folder
        self.name = f"tracker-{os.getpid()}-{number}"
        self.address = f"10.213.{number}.2"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def connect(self) -> None:
        """Make the namespace and its cable."""
        ours, theirs = f"host{self.number}", f"cable{self.number}"
        _ip(f"netns add {self.name}", f"link add {ours} type veth peer name {theirs}")
        _ip(f"link set {theirs} netns {self.name}", f"addr add 10.213.{self.number}.1/30 dev {ours}")
        _ip(f"link set {ours} up")
        commands = (
            *("link set lo up", f"addr add {self.address}/30 dev {theirs}", f"link set {theirs} up"),
            f"route add default via 10.213.{self.number}.1",
        )
        _ip(*commands, namespace=self.name)

    def start(self, environment: Mapping[str, str]) -> None:
        for role, program in PROGRAMS.items():
            command = ["nsenter", f"--net=/run/netns/{self.name}", sys.executable, *program]
            with (self._folder / f"{self.name}-{role}.log").open("wb") as log:
                self.processes[role] = subprocess.Popen(
                    command, cwd=PROJECT, env=dict(environment), stdout=log, stderr=log, start_new_session=True
                )

    def log(self, role: str) -> str:
        return (self._folder / f"{self.name}-{role}.log").read_text()

    def stop(self) -> list[int]:
        """Tell the processes to end, and return how each did."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return [process.wait(60) for process in self.processes.values()]

    def vanish(self) -> None:
        """End the machine as a power cut does: nobody hears from it any more, not even that its connections end."""
        _ip(f"link set host{self.number} down")
        self.kill()

    def kill(self) -> None:
        """End every process of it, and take the cable away."""
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if Path(f"/run/netns/{self.name}").exists():
            # Work horses of RQ have process groups of their own.
            pids = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True).stdout
            for pid in pids.split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            _ip(f"netns del {self.name}")


@contextmanager
def hosts(folder: Path, count: int) -> Iterator[list[Host]]:
    """So many hosts beside this network, in which nothing runs yet."""
    _ip(f"addr add {SERVERS}/32 dev lo")
    made = [Host(number, folder) for number in range(1, count + 1)]
    try:
        for host in made:
            host.connect()
        yield made
    finally:
        for host in made:
            host.kill()


def cpu_seconds(pid: int) -> float:
    """What a process has used, with those below it, whether they live or have been waited for."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
    return total


def _ip(*commands: str, namespace: str | None = None) -> None:
    where = [] if namespace is None else ["-netns", namespace]
    subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(commands), text=True, check=True, capture_output=True)
