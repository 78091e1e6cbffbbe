"""PostgreSQL refuses, hangs, dies and is replaced, while hits come: nothing is lost, and all is back in seconds.

One installation (two receivers, two workers, two schedulers) lives through it all, one after the other.
"""

import pytest

from tests.support.fault_rows import Record
from tests.support.postgresql_faults import POSTGRESQL_FAULTS
from tests.support.under_load import live_through
from tests.support.world import World

IN_EVERY_RUN = {"a deadlock"}
PLACES = {name: f"2 {place:02}" for place, name in enumerate(POSTGRESQL_FAULTS)}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.long) for name in POSTGRESQL_FAULTS]
)
def test_nothing_is_lost_and_all_is_back(fault: str, world: World, record_property: Record) -> None:
    live_through(fault, POSTGRESQL_FAULTS[fault], world, record_property, place=PLACES[fault])
