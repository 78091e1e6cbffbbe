"""Countries by the free database that the documents name, from npm. `make test-clients` runs this."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tests.support.client_packages import places_file
from tests.support.receiving import Receiving, code, queued_hits
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection

pytestmark = pytest.mark.clients

RESOLVERS = {"8.8.8.8": "US", "77.88.8.8": "RU", "114.114.114.114": "CN", "2001:4860:4860::8888": "US"}
"""Public resolvers of names, whose owners and countries everybody knows."""


@pytest.fixture
def receiving(settings: Settings) -> Iterator[Receiving]:
    with closing(Receiving(replace(settings, geoip_file=places_file()))) as opened:
        yield opened


def test_well_known_addresses_are_in_their_countries(
    receiving: Receiving, application: Application, redis: Connection
) -> None:
    for address in RESOLVERS:
        hit = {"app_id": "shop", "url": f"https://shop.example/{address}"}
        assert code(receiving.track(hit, environ_overrides={"REMOTE_ADDR": address})) == (200, None)
    told = {str(hit.url).rpartition("/")[2]: hit.place for hit in queued_hits(redis)}
    assert told == RESOLVERS
