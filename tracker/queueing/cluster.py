"""Where the shards of a cluster are: its nodes are asked who has their slots, and for each the latest word counts."""

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from tracker.queueing.followed import Inquiry, ServerAddress, answers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One line of CLUSTER NODES; `epoch` is the number of the failover, or of the move of slots, that it is from."""

    id: str
    address: ServerAddress
    follows: str | None
    """The id of the primary of which it is a replica."""
    has_failed: bool
    epoch: int
    slots: tuple[range, ...]


@dataclass(slots=True)
class SlotOwner:
    """The node that has a slot, and with it a shard."""

    slot: int
    inquiry: Inquiry
    known: ServerAddress | None = None
    moved_at: float = field(default=-math.inf)

    def address(self) -> ServerAddress:
        self.inquiry.when_due()
        assert self.known is not None
        return self.known

    def note(self, address: ServerAddress) -> None:
        if self.known not in (None, address):
            self.moved_at = time.monotonic()
        self.known = address


class Cluster:
    """What is known of a cluster. `connect` makes the client of a node, with which it is asked."""

    def __init__(
        self, seeds: Sequence[ServerAddress], slots: Sequence[int], connect: Callable[[ServerAddress], redis.Redis]
    ) -> None:
        """`slots` are those that are used; `owners` has what follows the node of each."""
        self._connect = connect
        self._clients = {seed: connect(seed) for seed in seeds}
        self._passed_over: dict[ServerAddress, float] = {}
        inquiry = Inquiry(
            self._ask, self._is_known, unknown="no node of the cluster says who has its slots", thread="cluster"
        )
        self.owners = [SlotOwner(slot, inquiry) for slot in slots]

    def nodes(self) -> list[Node]:
        """Return the nodes as those who answer know them, each by the latest word. Raises redis.ConnectionError."""
        answers, reason = answers_of(dict(self._clients), {}, _nodes)
        if not answers:
            raise redis.ConnectionError(f"no node of the cluster answers: {reason}")
        # What has failed is said to have by those who live, whatever epoch it had.
        known = sorted((node for nodes in answers for node in nodes), key=lambda node: (node.epoch, node.has_failed))
        return list({node.id: node for node in known}.values())

    def clients(self) -> list[redis.Redis]:
        """Return a client of each node. Raises redis.ConnectionError."""
        self.owners[0].inquiry.when_due()
        return list(self._clients.values())

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _is_known(self) -> bool:
        return all(owner.known is not None for owner in self.owners)

    def _ask(self) -> str | None:
        """Ask all nodes. One that is cut off from the others knows of an earlier epoch, and is not believed."""
        answers, reason = answers_of(dict(self._clients), self._passed_over, _nodes)
        if not answers:
            return reason
        nodes = [node for answer in answers for node in answer]
        for owner in self.owners:
            claims = [(node.epoch, node.address) for node in nodes if any(owner.slot in slots for slots in node.slots)]
            if claims:
                owner.note(max(claims)[1])
        for node in nodes:
            if node.address not in self._clients:
                self._clients[node.address] = self._connect(node.address)
        return None if self._is_known() else "slots are nobody's (CLUSTER INFO says which state it is in)"


def _nodes(client: Any) -> list[Node]:  # noqa: ANN401 the client declares no types here
    """Ask a node for all that it knows of."""
    host = client.connection_pool.connection_kwargs["host"]
    # In two words, for which the client has no reader: its own leaves hosts' names out.
    said: bytes = client.execute_command("CLUSTER", "NODES")
    return list(_read(said.decode(), host))


_ADDRESS = re.compile(r"(?P<ip>.*):(?P<port>[0-9]+)(?:@[0-9]+)?(?:,(?P<name>[^,]*).*)?")


def _read(text: str, asked: str) -> Iterator[Node]:
    for line in text.splitlines():
        node_id, place, flags, primary, _, _, epoch, _, *slots = line.split(" ")
        match = _ADDRESS.fullmatch(place)
        if match is None or "noaddr" in flags or "handshake" in flags:
            continue
        # A node that nobody has met yet does not know its own address: it is the one that was asked.
        yield Node(
            id=node_id,
            address=(match["name"] or match["ip"] or asked, int(match["port"])),
            follows=None if primary == "-" else primary,
            has_failed="fail" in flags.split(","),
            epoch=int(epoch),
            # What stands in brackets is on its way from one node to another.
            slots=tuple(_range(text) for text in slots if not text.startswith("[")),
        )


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
