"""The container files read as files: what they promise, without running anything."""

import configparser
import fnmatch
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from environs import FileAwareEnv

from tests.support.compose_project import COMPOSE, DOCKERFILE, ROOT, compose, instructions, seconds
from tracker.cli.import_ import import_
from tracker.environment import text

SPECIFIED = {  # Decision 0013.
    "max_connections": "1000",
    "shared_buffers": "2GB",
    "effective_cache_size": "6GB",
    "maintenance_work_mem": "256MB",
    "checkpoint_completion_target": "0.9",
    "wal_buffers": "16MB",
    "default_statistics_target": "100",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "work_mem": "4MB",
    "min_wal_size": "1GB",
    "max_wal_size": "4GB",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    declared: dict[str, Any] = compose()["services"]
    return declared


def test_the_compose_file_fits_the_compose_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_postgresql_gets_the_settings_of_the_specification_and_utc(services: dict[str, Any]) -> None:
    given = dict(part.split("=", 1) for part in services["postgres"]["command"] if "=" in part)
    assert {name: given[name] for name in SPECIFIED} == SPECIFIED
    assert given["timezone"] == "UTC"


def test_redis_keeps_an_append_only_file_and_never_evicts(services: dict[str, Any]) -> None:
    script = services["redis"]["command"][-1]
    for option in ("--appendonly yes", "--maxmemory-policy noeviction", "--maxmemory 2gb", "--requirepass"):
        assert option in script


def test_what_stays_is_restarted_checked_and_given_time_to_stop(services: dict[str, Any]) -> None:
    for name in ("postgres", "redis", "web", "worker", "scheduler"):
        assert services[name]["restart"] == "unless-stopped", name
        assert "test" in services[name]["healthcheck"], name
    drain = int(services["worker"]["environment"]["TRACKER_DRAIN_SECONDS"])
    assert seconds(services["worker"]["stop_grace_period"]) >= drain + 10


def test_no_container_takes_all_memory_or_fills_the_disk_with_its_log(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["logging"] == {"driver": "json-file", "options": {"max-size": "20m", "max-file": "5"}}, name


def test_what_not_everybody_needs_is_a_profile_with_files_that_there_are(services: dict[str, Any]) -> None:
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    assert profiles == {
        "follow": ["follow"],
        "tracker": ["operator"],
        "backup": ["backup"],
        "pgbouncer": ["pgbouncer"],
        "prometheus": ["metrics"],
        "grafana": ["metrics"],
    }
    for service in services.values():
        assert re.search(r":(v?\d|\$)|^access-log-tracker$", service["image"])
        mounted = [volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("./")]
        assert [path for path in mounted if not (ROOT / path).exists() and "secrets" not in path] == []


def test_receiver_and_workers_wait_for_the_migration(services: dict[str, Any]) -> None:
    assert services["migrate"]["restart"] == "no"
    for name in ("web", "worker", "scheduler"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_workers_can_be_multiplied(services: dict[str, Any]) -> None:
    assert {"container_name", "ports", "hostname"}.isdisjoint(services["worker"])


def test_only_the_receiver_is_reached_from_outside_and_only_by_this_machine_unless_asked(
    services: dict[str, Any],
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {
        "web": ["${TRACKER_LISTEN:-127.0.0.1:8000}:8000"],
        "grafana": ["${TRACKER_GRAFANA_LISTEN:-127.0.0.1:3000}:3000"],
    }
    assert compose()["networks"]["inside"] == {"internal": True}


def test_our_own_containers_are_read_only_and_without_privileges(services: dict[str, Any]) -> None:
    for name in ("migrate", "web", "worker", "scheduler", "follow", "tracker"):
        assert services[name]["read_only"] is True, name
        assert services[name]["cap_drop"] == ["ALL"], name
        assert services[name]["security_opt"] == ["no-new-privileges:true"], name


def test_no_secret_stands_in_the_environment(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            # A folder's URL has no password.
            if re.search("PASSWORD|TOKEN|SECRET|URL", variable) and variable != "TRACKER_FACTS_URL":
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.startswith("/run/secrets/"), f"{name}: {variable}"
                assert value.removeprefix("/run/secrets/") in service["secrets"], f"{name}: {variable}"


def test_receiver_and_workers_do_not_get_the_owners_password(services: dict[str, Any]) -> None:
    assert set(services["worker"]["secrets"]) == {"database_url", "redis_url"}
    assert set(services["web"]["secrets"]) == {
        "database_url",
        "database_read_url",
        "redis_url",
        "secret_key",
        "admin_token",
        "metrics_token",
        "oidc_client_secret",
    }


def test_who_shows_statistics_reads_as_the_role_for_reading(services: dict[str, Any]) -> None:
    for name in ("web", "tracker"):
        assert services[name]["environment"]["DATABASE_READ_URL_FILE"] == "/run/secrets/database_read_url", name


def test_who_registers_and_who_sends_webhooks_has_their_key_and_reaches_the_internet(services: dict[str, Any]) -> None:
    for name in ("web", "scheduler", "tracker"):
        assert services[name]["environment"]["TRACKER_SECRET_KEY_FILE"] == "/run/secrets/secret_key", name
        assert services[name]["networks"] == ["inside", "outside"], name
    assert services["worker"]["networks"] == ["inside"]


SECRETS = {"TRACKER_ADMIN_TOKEN", "TRACKER_METRICS_TOKEN", "TRACKER_SECRET_KEY", "TRACKER_OIDC_CLIENT_SECRET"}
"""What comes as a file, and never from the shell."""


def test_what_an_operator_may_set_is_the_same_for_every_service_of_ours(services: dict[str, Any]) -> None:
    of_compose = {"TRACKER_LOG_FORMAT", "TRACKER_DRAIN_SECONDS", "TRACKER_RQ_QUEUE"}
    names = set(re.findall(r'"(TRACKER_\w+)"', (ROOT / "tracker/config.py").read_text())) - of_compose
    for name in ("web", "worker", "scheduler", "follow", "tracker"):
        environment = services[name]["environment"]
        for setting in names - SECRETS:
            assert environment[setting].startswith(f"${{{setting}:-"), f"{name}: {setting}"


def test_the_scheduler_may_make_and_drop_months_and_ends_its_turns(services: dict[str, Any]) -> None:
    assert "DATABASE_MAINTENANCE_URL_FILE" in services["scheduler"]["environment"]
    assert seconds(services["scheduler"]["stop_grace_period"]) >= 20 + 10


def test_facts_lie_in_a_volume_of_their_own_that_whoever_opens_them_may_write(services: dict[str, Any]) -> None:
    assert "facts" in compose()["volumes"]
    [folder] = {volume.removeprefix("facts:") for volume in services["scheduler"]["volumes"]}
    for name, service in services.items():
        mounted = "facts:" + folder in service.get("volumes", [])
        assert mounted == (name in {"web", "scheduler", "tracker"}), name
        if mounted:
            assert service["environment"]["TRACKER_FACTS_URL"] == f"${{TRACKER_FACTS_URL:-{folder}}}"
            assert service["environment"]["TRACKER_FACTS_CACHE"].startswith(f"${{TRACKER_FACTS_CACHE:-{folder}/")
    # A named volume takes the owner of what the image has there.
    text = DOCKERFILE.read_text()
    [user] = re.findall(r"^USER (\d+)", text, re.MULTILINE)
    assert re.search(rf"mkdir [^&]*{folder} && chown {user}:\d+ {folder}$", text, re.MULTILINE)


def test_every_secret_is_made_readable_in_a_folder_that_only_its_owner_enters(tmp_path: Path) -> None:
    folder = tmp_path / "with space" / "secrets"
    make = ["sh", str(ROOT / "deploy/make-secrets"), str(folder)]
    subprocess.run(make, check=True, capture_output=True)
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert {f"deploy/secrets/{name}" for name in made} == {entry["file"] for entry in compose()["secrets"].values()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    assert re.fullmatch("[0-9a-f]{64}", made["app_password"])
    assert made["oidc_client_secret"] == "", "none, unless there is a provider, which makes it"
    assert made["app_password"] in made["database_url"]
    assert f"tracker_reader:{made['reader_password']}@" in made["database_read_url"]
    of_a_newer_version = {
        "reader_password",
        "database_read_url",
        "secret_key",
        "admin_token",
        "metrics_token",
        "grafana_password",
    }
    for name in of_a_newer_version:
        (folder / name).unlink()
    (folder / "oidc_client_secret").chmod(0o600)
    (folder / "oidc_client_secret").write_text("of the provider")
    subprocess.run(make, check=True, capture_output=True)
    again = {path.name: path.read_text() for path in folder.iterdir()}
    assert again.keys() == made.keys()
    assert {name for name in made if again[name] != made[name]} == of_a_newer_version | {"oidc_client_secret"}
    assert again["oidc_client_secret"] == "of the provider"


def test_the_receiver_has_the_secret_of_a_provider_of_sign_ins(services: dict[str, Any], tmp_path: Path) -> None:
    assert services["web"]["environment"]["TRACKER_OIDC_CLIENT_SECRET_FILE"] == "/run/secrets/oidc_client_secret"
    assert "oidc_client_secret" in services["web"]["secrets"]
    subprocess.run(["sh", str(ROOT / "deploy/make-secrets"), str(tmp_path)], check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKER_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "oidc_client_secret"))
        assert text(FileAwareEnv(), "TRACKER_OIDC_CLIENT_SECRET") == "", "an empty file is none"


def test_secrets_may_name_servers_elsewhere(tmp_path: Path) -> None:
    servers = {"POSTGRES": "db.example:5433", "REDIS": "cache.example:6380"}
    command = ["sh", str(ROOT / "deploy/make-secrets"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **servers})
    for name in ("database_url", "database_maintenance_url", "database_read_url"):
        assert (tmp_path / name).read_text().endswith("@db.example:5433/tracker")
    assert (tmp_path / "redis_url").read_text().endswith("@cache.example:6380/0")


def test_logs_are_followed_only_where_it_is_asked_for(services: dict[str, Any]) -> None:
    follow = services["follow"]
    assert follow["profiles"] == ["follow"]
    folders = {
        volume.rsplit(":", 2)[1] if volume.endswith(":ro") else volume.split(":")[1]: volume
        for volume in follow["volumes"]
    }
    assert folders["/logs"].endswith(":ro")
    (state,) = [part for part in follow["command"] if part.startswith("--state=")]
    folder = str(Path(state.removeprefix("--state=")).parent)
    assert folder in folders
    # A new volume has the owner of the image's folder, without which nothing could be written there.
    (user,) = instructions("USER")
    owner, group = user.split(":")
    assert f"--owner={owner} --group={group} --mode=0700 {folder}" in DOCKERFILE.read_text()


def test_the_unit_runs_a_command_that_there_is() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy/systemd/access-log-tracker-follow@.service")
    program, *arguments = unit["Service"]["ExecStart"].split()
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert Path(program).name in scripts
    assert arguments[0] == "import"
    options = {option for param in import_.params for option in param.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= options
    assert unit["Service"]["StateDirectory"] == "access-log-tracker"
    assert unit["Service"]["RestartPreventExitStatus"] == "2"


def test_the_image_does_not_run_as_root() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_the_image_is_checked_and_serves_by_itself() -> None:
    assert "/health/live" in instructions("HEALTHCHECK")[0].replace("\\", "")
    assert instructions("CMD")[-1].startswith('["python", "-m", "tracker", "serve"')


def test_every_stage_stands_on_a_named_python_slim_of_one_version() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert len(stages) == 2
    assert set(stages) == {"${PYTHON_IMAGE}"}
    version = re.search(r"^ARG PYTHON_IMAGE=python:3\.(\d+)-slim$", DOCKERFILE.read_text(), re.MULTILINE)
    assert version
    assert int(version[1]) >= 11


def test_what_the_image_copies_exists_and_is_let_through() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    copied = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE.read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()[:-1]}
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in let_through), source
    assert sources == set(let_through)


def test_secrets_never_get_into_the_image_or_the_history() -> None:
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy" not in Path(ROOT / ".dockerignore").read_text()
