"""The systemd units: systemd finds them right, and they run commands that there are, with little else allowed."""

import configparser
import re
import shlex
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import click
import pytest

from tests.support.compose_project import ROOT, seconds
from tests.support.needed import need
from tracker.cli.main import main
from tracker.config import Settings

FOLDER = ROOT / "deploy/systemd"
PROGRAM = "/opt/access-log-tracker/bin/tracker"
UNITS = sorted(FOLDER.glob("*.service"))
OURS = [path for path in UNITS if "follow" not in path.name]
ROLES = {path.name.removeprefix("access-log-tracker-").removesuffix(".service").rstrip("@"): path for path in OURS}
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallErrorNumber": "EPERM",
}


def values(path: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", path.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The units as systemd reads them: with a program that is there, templates as an instance."""
    need(shutil.which("systemd-analyze"), "systemd-analyze is not installed: apt-get install systemd")
    folder = tmp_path_factory.mktemp("units")
    made = []
    for unit in [*UNITS, *FOLDER.glob("*.target")]:
        made.append(folder / unit.name.replace("@.", "@8001."))
        made[-1].write_text(unit.read_text().replace(PROGRAM, shutil.which("true") or ""))
    return made


def test_systemd_finds_nothing_wrong(instances: list[Path]) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *map(str, instances)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # It reads all units of the machine, and what it says of other programs' is nothing of ours.
    lines = (done.stdout + done.stderr).splitlines()
    ours = [line for line in lines if not line.startswith(("/lib/systemd/", "/usr/lib/systemd/", "/etc/systemd/"))]
    assert (done.returncode, ours) == (0, [])


def test_systemd_sees_what_is_wrong(instances: list[Path], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.service"
    wrong.write_text(instances[0].read_text() + "\n[Service]\nNoSuchSetting=yes\n")
    done = subprocess.run(["systemd-analyze", "verify", str(wrong)], capture_output=True, text=True, check=False)
    assert "NoSuchSetting" in done.stderr


def test_systemd_rates_the_exposure_low(instances: list[Path]) -> None:
    for unit in instances:
        if unit.suffix == ".service":
            command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", str(unit)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened(path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    assert {name: unit["Service"].get(name) for name in HARDENED} == HARDENED
    assert "SystemCallFilter=@system-service\n" in path.read_text()
    assert values(path, "RestartPreventExitStatus") == ["2"]


@pytest.mark.parametrize("role", ["receiver", "worker", "scheduler", "migrate"])
def test_a_unit_runs_a_command_that_there_is(role: str) -> None:
    program, name, *arguments = shlex.split(values(ROLES[role], "ExecStart")[0])
    assert program == PROGRAM
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command is not None
    options = {option for param in command.params for option in param.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= options
    variables = re.findall(r"\$\{?(\w+)", " ".join(arguments))
    assert {f"{variable}=2" for variable in variables} <= set(values(ROLES[role], "Environment"))
    # A TRACKER_ variable that is no setting is called misspelt by doctor.
    assert not [variable for variable in variables if variable.startswith("TRACKER_")]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_secrets_are_credentials_and_no_others_stand_in_the_environment(path: Path) -> None:
    credentials = dict(value.split(":", 1) for value in values(path, "LoadCredential"))
    assert credentials == {name: f"/etc/access-log-tracker/secrets/{name}" for name in credentials}
    environment = dict(value.split("=", 1) for value in values(path, "Environment"))
    files = {name: value for name, value in environment.items() if name.endswith("_FILE")}
    assert sorted(value.removeprefix("%d/") for value in files.values()) == sorted(credentials)
    settings = {field.name for field in fields(Settings)}
    assert {name.removesuffix("_FILE").removeprefix("TRACKER_").lower() for name in files} <= settings
    for name in environment.keys() - files.keys():
        assert not re.search("PASSWORD|TOKEN|SECRET|DATABASE|REDIS", name)


def test_only_who_makes_tables_knows_the_owners_password() -> None:
    knowing = {role for role, path in ROLES.items() if "database_maintenance_url" in path.read_text()}
    assert knowing == {"scheduler", "migrate"}


def test_each_has_time_to_end_its_work() -> None:
    grace = {
        role: seconds(f"{values(path, 'TimeoutStopSec')[0]}s") for role, path in ROLES.items() if role != "migrate"
    }
    assert grace["worker"] >= 20 + 10
    assert grace["receiver"] >= 20 + 10
    assert grace["scheduler"] >= 20 + 10


def test_a_process_that_is_ended_for_want_of_memory_takes_no_other_with_it() -> None:
    for role in ("receiver", "worker", "scheduler"):
        assert values(ROLES[role], "OOMPolicy") == ["continue"]


def test_receivers_need_no_migration_to_have_succeeded() -> None:
    for path in ROLES.values():
        assert values(path, "Requires") == []
    for role in ("receiver", "worker", "scheduler"):
        assert "access-log-tracker-migrate.service" in values(ROLES[role], "After")[0].split()
