"""Where the shards of a cluster are: its nodes are asked who has their slots, and for each the latest word counts."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
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
    asked = client.connection_pool.connection_kwargs["host"]
    said: Mapping[str, Mapping[str, Any]] = client.cluster("NODES")
    return [_read(place, about, asked) for place, about in said.items() if not _UNREACHED & _flags(about)]


_UNREACHED = {"noaddr", "handshake"}


def _read(place: str, about: Mapping[str, Any], asked: str) -> Node:
    ip, _, port = place.rpartition(":")
    primary = about["master_id"]
    return Node(
        id=about["node_id"],
        # One that nobody has met yet does not know its own address: it is the one that was asked.
        address=(about["hostname"] or ip or asked, int(port)),
        follows=None if primary == "-" else primary,
        has_failed="fail" in _flags(about),
        epoch=int(about["epoch"]),
        slots=tuple(range(int(row[0]), int(row[-1]) + 1) for row in about["slots"]),
    )


def _flags(about: Mapping[str, Any]) -> set[str]:
    return set(about["flags"].split(","))
