"""Networks between the parts are cut, slow, torn, silent or half-open while hits come: all is back in seconds.

One installation (two receivers, two workers, two schedulers) lives through it all, one after the other.
"""

import pytest

from tests.support.fault_rows import Record
from tests.support.network_faults import NETWORK_FAULTS
from tests.support.under_load import live_through
from tests.support.world import World

IN_EVERY_RUN = {"network to postgresql: torn", "network to redis: silent"}
PLACES = {name: f"1 {place:02}" for place, name in enumerate(NETWORK_FAULTS)}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.long) for name in NETWORK_FAULTS]
)
def test_nothing_is_lost_and_all_is_back(fault: str, world: World, record_property: Record) -> None:
    live_through(fault, NETWORK_FAULTS[fault], world, record_property, place=PLACES[fault])
