"""All that a server, a database or a role may set by default, set as nobody would: the product does not mind."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.conftest import database_for_a_while
from tests.support.command_line import tracker
from tests.support.managing import Managing, data
from tests.support.running import running
from tests.support.waiting import wait_until
from tests.support.with_constants import NO_RECEIVER
from tracker.config import Settings
from tracker.embedded import Postgres

HOSTILE = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "escape_string_warning": "on",
    "array_nulls": "off",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "extra_float_digits": "-15",
    "xmloption": "document",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "client_encoding": "LATIN1",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "row_security": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "on",
    "jit_above_cost": "0",
    "enable_partition_pruning": "off",
    "constraint_exclusion": "off",
    "statement_timeout": "20s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "20s",
    "search_path": '"$user", public',
    "client_min_messages": "debug1",
    "check_function_bodies": "on",
}
CREATED = 201
SENDS = {"TRACKER_SECRET_KEY": "secret key of the tests", "TRACKER_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
PRICES = ("1.5", "1x5", "-2", "100.25")


@pytest.fixture
def hostile(settings: Settings, postgres: Postgres) -> Iterator[Settings]:
    """Settings of a database that is empty, with all of them set for the database, and half for the role too."""
    role = f"hostile_{uuid4().hex[:8]}"
    with database_for_a_while(postgres) as url:
        name = urlsplit(url).path.strip("/")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER").format(sql.Identifier(role)))
            for at, (setting, value) in enumerate(HOSTILE.items()):
                kinds = ["DATABASE", "ROLE"] if at % 2 else ["DATABASE"]
                for kind in kinds:
                    connection.execute(
                        sql.SQL("ALTER {} {} SET {} = {}").format(
                            sql.SQL(kind),
                            sql.Identifier(name if kind == "DATABASE" else role),
                            sql.Identifier(setting.lower()),
                            sql.SQL(value) if setting == "search_path" else sql.Literal(value),
                        )
                    )
        url_of_role = f"{url}&user={role}"
        yield replace(
            settings,
            database_url=url_of_role,
            database_maintenance_url=url_of_role,
            database_read_url=url_of_role,
            webhook_allowed_networks=(ip_network("127.0.0.0/8"),),
        )
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def ok(settings: Settings, *arguments: str) -> Any:
    finished = tracker(settings, *arguments, constants=NO_RECEIVER)
    assert finished.status == 0, (arguments, finished.errors)
    return finished


def test_everything_works_as_ever(hostile: Settings, tmp_path: Path) -> None:
    ok(hostile, "migrate")
    assert ok(hostile, "migrate", "--json").json["applied"] == []
    ok(hostile, "apps", "create", "--name", "Shop", "--app-id", "shop")
    ok(hostile, "params", "set", "price", "--app-id", "shop", "--type", "number")
    ok(hostile, "params", "set", "tags", "--app-id", "shop", "--type", "array")
    ok(hostile, "params", "set", "label", "--app-id", "shop", "--type", "string")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    managing = Managing(hostile)
    try:
        hook = managing.post("/v1/applications/shop/webhooks", {"url": "https://127.0.0.1:8443/hook", "events": ["*"]})
        assert hook.status_code == CREATED, hook.get_data()
        assert managing.get("/v1/applications").status_code == 200
        with (
            running(hostile, tmp_path, "scheduler.py", **SENDS) as scheduler,
            running(hostile, tmp_path, "worker.py") as workers,
        ):
            for number, price in enumerate(PRICES):
                parameters = {"price": float(price) if price != "1x5" else 15, "tags": ["a\\b", None], "label": price}
                hit = {"app_id": "shop", "url": "https://shop.example/\\x", "session_id": f"s{number}"}
                answer = managing.client.post("/v1/track", json={**hit, "custom_params": parameters})
                assert answer.status_code == 200, answer.get_data()
            statistics = f"/v1/statistics?app_id=shop&start_date={today}&end_date={today}"
            wait_until(lambda: data(managing.get(statistics))["total_requests"] == len(PRICES))
            assert sum(int(row["total_requests"]) for row in shown(hostile, today)) == len(PRICES)
            assert managing.get("/v1/applications/shop").status_code == 200
            webhook = hook.get_json()["data"]["id"]
            deliveries = f"/v1/applications/shop/webhooks/{webhook}/deliveries"
            wait_until(lambda: data(managing.get(deliveries))["items"])
            assert json.loads(ok(hostile, "webhooks", "deliveries", webhook, "--json").output)
            for command in (
                ("stats", "verify", "--app-id", "shop", "--from", today, "--to", today),
                ("stats", "rebuild", "--app-id", "shop", "--from", today, "--to", today),
                ("stats", "parameter", "price", "--app-id", "shop", "--from", today, "--to", today),
                ("sessions", "list", "--app-id", "shop"),
                ("partitions", "list"),
                ("partitions", "create", "2019-02"),
                ("queue", "status"),
                ("queue", "failed"),
                ("export", "--app-id", "shop", "--from", today, "--to", today),
                ("webhooks", "list", "--app-id", "shop"),
                ("keys", "list", "--app-id", "shop"),
                ("instance", "show"),
                ("erase", "--app-id", "shop", "--session-id", "s1", "--yes"),
                ("apps", "delete", "shop", "--purge", "--yes"),
            ):
                ok(hostile, *command)
            findings = {finding["check"]: finding for finding in tracker(hostile, "doctor", "--json").json}
            # The tests' servers run without fsync.
            wrong = {name for name, finding in findings.items() if finding["level"] == "fail"}
            assert wrong <= {"durability of PostgreSQL"}, findings
            assert workers.stop() == 0
            assert scheduler.stop() == 0
        for output in (workers.output, scheduler.output):
            assert "Traceback" not in output
            assert "turn failed" not in output
    finally:
        managing.close()


def shown(settings: Settings, day: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(
        ok(settings, "stats", "show", "--app-id", "shop", "--from", day, "--to", day, "--json").output
    )
    return rows
