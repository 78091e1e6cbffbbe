"""A fault while hits come: what happens to them, how soon all is back, and a row of it for the table."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.support.fault_rows import Record, note
from tests.support.load import outcome, seconds_until_back, sending
from tests.support.world import World

FAULT_SECONDS: Final = 2.0
TIMES: Final = 2

Fault = Callable[[World], str]
"""Breaks something and puts it right again; returns what showed that it bit, after having made sure of it."""


def live_through(fault: str, do: Fault, world: World, record: Record, *, place: str, times: int = TIMES) -> None:
    """Do it while hits come, and demand that nothing is lost or doubled and all is back within seconds each time.

    What the world says may be lost by a fault is no more than that.
    """
    backs = []
    world.is_spoilt, world.may_be_lost = True, 0
    with sending(world.installation.port, fault.replace(" ", "-").replace(":", "")) as sender:
        for _ in range(times):
            bit = do(world)
            backs.append(seconds_until_back(sender, world.database))
    for spoilt in world.links.values():
        spoilt.let_packets_pass()
    world.settle()
    result = outcome(fault, times, sender, world.database, world.redis)
    note(record, result, place=place, backs=backs, bit=bit)
    url = world.postgres.url_of("tracker")
    result.demand_sound(replace(world.settings, database_url=url), lost=world.may_be_lost)
    world.is_spoilt = False
