"""The sender of webhooks, from due deliveries in the database to recorded ones, against bare sessions without one."""

import dataclasses
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from unittest import mock

import psycopg

from bench import pairs, processes
from bench.baselines.bare_sessions import post_all
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage
from tracker import config
from tracker.clock import SystemClock
from tracker.encryption import SecretBox, new_secret
from tracker.store.database import Database
from tracker.webhooks.concurrency import MAX_CONCURRENCY, THREADS
from tracker.wiring.scheduler import webhook_sender

NAME = "webhook deliveries"
TARGET = 0.6
_KEY = "secret key of the benchmark"
_ENDPOINTS = THREADS // MAX_CONCURRENCY
"""As many as keep all threads busy."""
_PAYLOAD = '{"type":"tracking.created","timestamp":"2026-11-23T00:00:00Z","data":{"url":"' + "x" * 700 + '"}}'


def measure(stage: Stage, effort: Effort) -> Row:
    count = effort.sent_deliveries
    port = processes.free_port()
    url = f"http://127.0.0.1:{port}/hook"
    database = Database(stage.environment["DATABASE_URL"], name="bench")
    with (
        processes.started(["-m", "bench.sink", str(port)], environment={}, output=stage.log("sink")) as sink,
        psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as connection,
    ):
        processes.wait_until_listening(port, sink)
        settings = _settings(stage.environment)

        def ours() -> float:
            _owe(connection, stage.application_id, url, count)
            sender = webhook_sender(settings, database, SystemClock(), owner="bench")
            began = datetime.now(UTC)
            sent = sender.turn()
            seconds = (datetime.now(UTC) - began).total_seconds()
            sender.close()
            row = connection.execute("SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'").fetchone()
            if row is None or sent != count or row[0] != count:
                raise NotMeasured(f"{row and row[0]} of {count} deliveries are recorded")
            return count / seconds

        def baseline() -> float:
            return count / post_all(url, _PAYLOAD.encode(), count, THREADS)

        ours()
        baseline()
        measured = pairs.measured_in_turn(effort.rounds, ours, baseline)
        connection.execute("DELETE FROM webhooks")
    database.close()
    return Row(
        name=NAME,
        value=round(measured.ratio, 3),
        unit="of the baseline",
        target=TARGET,
        direction="at least",
        details=measured.details("deliveries/s") | {"deliveries_a_round": count, "threads": THREADS},
    )


def _settings(environment: Mapping[str, str]) -> config.Settings:
    with mock.patch.dict(os.environ, environment):
        settings = config.load()
    return dataclasses.replace(
        settings, secret_key=_KEY, webhook_allow_http=True, webhook_allowed_networks=(ip_network("127.0.0.0/8"),)
    )


def _owe(connection: psycopg.Connection, application_id: str, url: str, count: int) -> None:
    """Webhooks anew, and `count` deliveries that are due, spread over them."""
    connection.execute("DELETE FROM webhooks")
    secret = SecretBox(_KEY).encrypt(new_secret())
    connection.execute(
        "INSERT INTO webhooks (application_id, url, events, secret)"
        " SELECT %s, %s, '[\"*\"]', %s FROM generate_series(1, %s)",
        [application_id, url, secret, _ENDPOINTS],
    )
    connection.execute(
        "INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, due_at, created_at)"
        " SELECT webhooks.id, 'hit_' || number, 'tracking.created', %s, now(), now()"
        " FROM webhooks, generate_series(1, %s) AS number",
        [_PAYLOAD, count // _ENDPOINTS],
    )
    connection.execute("VACUUM (ANALYZE) webhook_deliveries")
    connection.execute("CHECKPOINT")
