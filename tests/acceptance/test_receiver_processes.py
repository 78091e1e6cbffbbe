"""Several processes of the receiver: a change reaches each of them within five seconds."""

from pathlib import Path

import orjson
import pytest

from tests.support.command_line import tracker
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.receiver.application_cache import FRESH_SECONDS, REFRESH_SECONDS

HIT = b'{"app_id":"shop","url":"https://shop.example/"}'
PROCESSES = 3
CONNECTIONS = 60
"""Of so many a process gets none by chance once in ten thousand million times."""


@pytest.mark.slow
def test_a_suspension_reaches_every_process_within_five_seconds(
    settings: Settings, environment: dict[str, str], tmp_path: Path, application: Application
) -> None:
    with serving(environment, tmp_path, processes=PROCESSES) as server:
        assert len(server.workers()) == PROCESSES
        # Every process knows the application before it changes.
        assert _answers(server) == {200}
        for command, expected in (("suspend", 403), ("activate", 200)):
            assert tracker(settings, "apps", command, "shop").status == 0
            wait_until(lambda expected=expected: _answers(server) == {expected})
        # A busy machine may take longer than the receivers do:
        assert REFRESH_SECONDS + FRESH_SECONDS < 5


def _answers(server: Serving) -> set[int]:
    """What new connections are answered, each taken by whichever process is faster."""
    connections = [server.connect() for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.request("POST", "/v1/track", HIT)
    answers = [connection.getresponse() for connection in connections]
    statuses = {answer.status for answer in answers}
    assert all("success" in orjson.loads(answer.read()) for answer in answers)
    for connection in connections:
        connection.close()
    return statuses
