"""Networks between the parts that are spoilt for a while (`under_load`)."""

import random
import time
from functools import partial

from tests.support.links import TROUBLES, Trouble, link
from tests.support.load import BACK_SECONDS
from tests.support.needed import need
from tests.support.poolers import pooler
from tests.support.under_load import FAULT_SECONDS, Fault
from tests.support.waiting import wait_until
from tests.support.world import World, door

MANY = 30
"""More hits than were on their way when a network forgot its connections."""


def spoilt(part: str, trouble: Trouble, world: World) -> str:
    network = world.links[part]
    bitten = network.bitten
    with network.troubled(trouble):
        time.sleep(FAULT_SECONDS)
    done = network.bitten - bitten
    assert done, "the network was never used"
    return f"{done} pieces or connections spoilt"


def packets_dropped(part: str, world: World) -> str:
    """The kernel forgets the connections there are, as a router does that was restarted."""
    need(world.may_drop_packets, "A network of the test's own needs `ip` (iproute2) and the right to make one: root.")
    network = world.links[part]
    network.drop_packets()
    time.sleep(FAULT_SECONDS)
    assert network.packets_dropped, "no packet was dropped"
    return f"{network.packets_dropped} packets dropped"


def pooler_between_killed(world: World) -> str:
    """PgBouncer in transaction mode stands between, is killed, and comes back."""
    way, direct = world.links["postgresql"], door(world.postgres)
    try:
        with link(direct, random.Random(1)) as behind:
            for _ in range(2):
                with pooler(f"host=127.0.0.1 port={behind.port} user=postgres") as between:
                    way.path = between.door
                    way.end_connections()
                    wait_until(between.has_served)
    finally:
        way.path = direct
        way.end_connections()
    return "it had carried over 20 transactions"


def half_open_about_a_pooler(side: str, world: World) -> str:
    """The connections to PgBouncer, or its own to PostgreSQL, are forgotten; new ones work, and it stays."""
    way, direct = world.links["postgresql"], door(world.postgres)
    try:
        with (
            link(direct, random.Random(1)) as behind,
            pooler(f"host=127.0.0.1 port={behind.port} user=postgres") as between,
        ):
            way.path = between.door
            way.end_connections()
            wait_until(between.has_served)
            network = way if side == "before" else behind
            bitten, stored, began = network.bitten, world.stored, time.monotonic()
            network.forget_connections()
            wait_until(lambda: network.bitten > bitten)
            wait_until(lambda: world.stored > stored + MANY, BACK_SECONDS)
            return f"{network.bitten - bitten} pieces went nowhere; stored again after {time.monotonic() - began:.1f} s"
    finally:
        way.path = direct
        way.end_connections()


NETWORK_FAULTS: dict[str, Fault] = {
    **{
        f"network to {part}: {trouble}": partial(spoilt, part, trouble)
        for part in ("postgresql", "redis")
        for trouble in TROUBLES
    },
    **{
        f"network to {part}: half-open, packets dropped": partial(packets_dropped, part)
        for part in ("postgresql", "redis")
    },
    "pgbouncer between, killed": pooler_between_killed,
    **{
        f"pgbouncer between, half-open {side} it": partial(half_open_about_a_pooler, side)
        for side in ("before", "behind")
    },
}
