"""Processes are killed, starved and misled, and hits are poisoned while hits come: all is back in seconds.

One installation (two receivers, two workers, two schedulers) lives through it all, one after the other.
"""

import pytest

from tests.support.fault_rows import Record
from tests.support.process_faults import PROCESS_FAULTS
from tests.support.under_load import live_through
from tests.support.world import World

PLACES = {name: f"4 {place:02}" for place, name in enumerate(PROCESS_FAULTS)}

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.mark.parametrize("fault", PROCESS_FAULTS)
def test_nothing_is_lost_and_all_is_back(fault: str, world: World, record_property: Record) -> None:
    live_through(fault, PROCESS_FAULTS[fault], world, record_property, place=PLACES[fault])
