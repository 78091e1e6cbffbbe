"""Fixtures of the tests of single rooms on real servers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import fakeredis
import pytest

from tests.support.managing import Managing
from tests.support.receiving import Receiving
from tracker.clock import SystemClock
from tracker.config import Settings


class MovableClock:
    """A clock that stands where a test puts it, and otherwise goes on."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._ahead = 0.0

    def now(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(params=["valkey", "fakeredis"])
def queue(request: pytest.FixtureRequest) -> Any:
    """An empty Redis: the real one, and the fake that must pass the same tests."""
    if request.param == "valkey":
        return request.getfixturevalue("redis")
    return fakeredis.FakeRedis(server=fakeredis.FakeServer(server_type="valkey", version=(8,)))


@pytest.fixture
def minute() -> datetime:
    """The beginning of a minute."""
    return datetime(2026, 11, 23, 6, 35, tzinfo=UTC)


@pytest.fixture
def receiving(settings: Settings) -> Iterator[Receiving]:
    """The receiver in this process, called as WSGI."""
    opened = Receiving(settings)
    yield opened
    opened.close()


@pytest.fixture
def managing(settings: Settings) -> Iterator[Managing]:
    """The API, the receiver beside it, and a client that calls as the operator unless told otherwise."""
    api = Managing(settings)
    yield api
    api.close()
