"""How keys are named in a cluster: whatever one script or one transaction touches has the same hash tag.

Outside this module keys have their plain names, `tracker:hits:normal`. On their way to a cluster they get the tag of
the shard that the client speaks to, `tracker:{7}:hits:normal`, so that all keys of a shard are in one slot:
docs/decisions/0128-a-cluster-is-sixteen-queues.md.
"""

from collections.abc import Sequence
from typing import Any, Final

from redis.connection import HiredisRespSerializer
from redis.crc import key_slot

SHARDS: Final = 16
"""Into so many parts the queue of a cluster is divided, whatever number of nodes it has."""
HOME: Final = "tracker"
"""The tag of what is no application's: processes, snapshots, counts of metrics, and RQ's keys."""
RQ_PREFIX: Final = f"rq:{{{HOME}}}"
"""What RQ_KEY_PREFIX has to be for RQ's keys to lie there too."""
_SLOTS: Final = 16_384
_PLAIN, _TAGGED = "tracker:", "tracker:{"


def slot_of(tag: str) -> int:
    """Return the slot of all keys with this tag."""
    return int(key_slot(tag.encode()))


def _spread_tags() -> tuple[str, ...]:
    """Return the smallest number for each sixteenth of the slots: nodes have slots in rows, and so the same share."""
    tags: dict[int, str] = {}
    number = 0
    while len(tags) < SHARDS:
        tags.setdefault(slot_of(str(number)) * SHARDS // _SLOTS, str(number))
        number += 1
    return tuple(tags[sixteenth] for sixteenth in range(SHARDS))


TAGS: Final = _spread_tags()
"""The tags of the shards."""


def tagged(key: str, tag: str | None) -> str:
    """Return the name of a key, or a pattern of names, as the shard with this tag has it; None is no cluster."""
    if tag is None or not key.startswith(_PLAIN) or key.startswith(_TAGGED):
        return key
    return f"{_TAGGED}{tag}}}:{key.removeprefix(_PLAIN)}"


def untagged(key: str) -> str:
    """Return the plain name of a key."""
    return _PLAIN + key.partition("}:")[2] if key.startswith(_TAGGED) else key


class TaggingPacker(HiredisRespSerializer):
    """Packs commands for the connections of one shard: the names in them get its tag, and nothing else of them does."""

    def __init__(self, tag: str) -> None:
        self.tag = tag

    def pack(self, *args: Any) -> list[bytes]:  # noqa: ANN401 as the client declares it
        places = _places_of_names(args)
        named = [self._tagged(value) if place in places else value for place, value in enumerate(args)]
        packed: list[bytes] = super().pack(*named)
        return packed

    def _tagged(self, value: Any) -> Any:  # noqa: ANN401 as above
        if isinstance(value, bytes):
            return tagged(value.decode(errors="surrogateescape"), self.tag).encode(errors="surrogateescape")
        return tagged(value, self.tag) if isinstance(value, str) else value


_ALL_ARE_NAMES: Final = {"DEL", "UNLINK", "EXISTS", "WATCH", "RENAME", "SCAN", "ZADD"}
"""Commands of which any argument may be a name. ZADD: what the set of streams holds are names; no other set's are."""


def _places_of_names(args: Sequence[Any]) -> range:
    """Return where a command has names of keys. For one that is not known it is the first argument."""
    command = str(args[0]).upper()
    if command == "AUTH":
        return range(0)
    if command == "EVALSHA":
        return range(3, 3 + int(args[2]))
    if command == "XREADGROUP":
        first = args.index(b"STREAMS") + 1
        return range(first, first + (len(args) - first) // 2)
    return range(1, len(args) if command in _ALL_ARE_NAMES else 2)
