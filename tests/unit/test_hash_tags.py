"""Keys get the tag of their shard on their way to a cluster, and nothing else of a command changes."""

from typing import Any

import hiredis
import pytest
from redis.crc import key_slot

from tracker.queueing.hash_tags import HOME, RQ_PREFIX, SHARDS, TAGS, TaggingPacker, slot_of, tagged, untagged

KEY = "tracker:hits:normal"
TAGGED = "tracker:{7}:hits:normal"


def test_the_shards_lie_apart_so_that_up_to_sixteen_nodes_have_the_same_share() -> None:
    assert len(set(TAGS)) == SHARDS
    assert [slot_of(tag) // 1024 for tag in TAGS] == list(range(SHARDS))


def test_all_keys_of_a_shard_are_in_its_slot_and_those_of_rq_where_what_is_no_applications_is() -> None:
    for key in (KEY, "tracker:usage:{1}:2", "tracker:event:"):
        assert key_slot(tagged(key, "7").encode()) == slot_of("7")
    assert key_slot(f"{RQ_PREFIX}:queue:tracker".encode()) == slot_of(HOME)


def test_a_name_is_tagged_once_and_only_one_of_ours_in_a_cluster() -> None:
    assert tagged(KEY, "7") == TAGGED
    assert tagged(TAGGED, "7") == TAGGED
    assert untagged(TAGGED) == untagged(KEY) == KEY
    assert tagged(KEY, None) == KEY
    assert tagged("rq:{tracker}:queue:tracker", "7") == "rq:{tracker}:queue:tracker"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("GET", KEY), ("GET", TAGGED)),
        (("GET", KEY.encode()), ("GET", TAGGED)),
        (("SET", KEY, KEY, "EX", 5), ("SET", TAGGED, KEY, "EX", 5)),
        (("HSET", KEY, "tracker:field", "tracker:value"), ("HSET", TAGGED, "tracker:field", "tracker:value")),
        (("XADD", KEY, "*", "error_message", "tracker: x"), ("XADD", TAGGED, "*", "error_message", "tracker: x")),
        (("DEL", KEY, "tracker:nudge"), ("DEL", TAGGED, "tracker:{7}:nudge")),
        (("ZADD", KEY, "NX", 0, KEY), ("ZADD", TAGGED, "NX", 0, TAGGED)),
        (("SCAN", 0, "MATCH", "tracker:usage:*"), ("SCAN", 0, "MATCH", "tracker:{7}:usage:*")),
        (("EVALSHA", "digest", 2, KEY, KEY, KEY), ("EVALSHA", "digest", 2, TAGGED, TAGGED, KEY)),
        (
            ("XREADGROUP", "GROUP", "workers", "tracker:1:ab", "COUNT", 1, b"STREAMS", KEY, ">"),
            ("XREADGROUP", "GROUP", "workers", "tracker:1:ab", "COUNT", 1, "STREAMS", TAGGED, ">"),
        ),
        (("XGROUP CREATE", KEY, "workers", "0"), ("XGROUP", "CREATE", TAGGED, "workers", "0")),
        (("XINFO CONSUMERS", KEY, "workers"), ("XINFO", "CONSUMERS", TAGGED, "workers")),
        (("AUTH", "tracker:user", "tracker:password"), ("AUTH", "tracker:user", "tracker:password")),
        (("LPUSH", "rq:{tracker}:queue:tracker", KEY), ("LPUSH", "rq:{tracker}:queue:tracker", KEY)),
    ],
)
def test_only_what_names_keys_is_tagged(command: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    assert b"".join(TaggingPacker("7").pack(*command)) == hiredis.pack_command(expected)
