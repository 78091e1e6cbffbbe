"""docker-compose.yml without an engine: its services as ordinary processes, in a copy of what the image holds.

What an engine would do is done here and only here: the Dockerfile's copies and its installation, secrets as files,
service names and ports as addresses of the loopback, `$$` as `$`. Everything else is taken from the files word by word.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from importlib.metadata import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support.serving import free_port
from tracker.embedded import Postgres, wheel

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"


def compose() -> dict[str, Any]:
    """The compose file with its anchors and merges resolved."""
    loaded: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return loaded


def instructions(name: str) -> list[str]:
    """The arguments of one kind of instruction in the last stage of the Dockerfile."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    last_stage = text.split("\nFROM ")[-1]
    return [
        line.split(maxsplit=1)[1].strip() for line in last_stage.splitlines() if line.strip().startswith(name + " ")
    ]


def seconds(duration: str) -> float:
    units = {"s": 1, "m": 60}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([sm])", duration))


class Image:
    """What the Dockerfile makes, in a folder: the packages of requirements.txt and the copied files, nothing else."""

    def __init__(self, folder: Path) -> None:
        self.app = folder / "app"
        self.app.mkdir()
        for copy in instructions("COPY"):
            if not copy.startswith("--from"):
                *sources, target = copy.split()
                for source in sources:
                    self._copy(ROOT / source, self.app / target)
        self.venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.venv], check=True)
        self._install()
        # Bytecode that is here already is as good as what `RUN python -m compileall` makes of the rest.
        [compile_all] = [command for command in instructions("RUN") if command.startswith("python ")]
        program, *arguments = shlex.split(compile_all)
        subprocess.run([self.venv / "bin" / program, *arguments], cwd=self.app, check=True)

    def _install(self) -> None:
        """Link what the lock names, and nothing else, from where it is installed; pip takes a hundred times as long.

        That pip installs the lock into an empty environment, `make test-clone` and `make test-package` show.
        """
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(self.venv)}))
        locked = re.findall(r"^([\w.-]+)(?:\[.*\])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
        assert len(locked) > 20
        for name in locked:
            for file in files(name) or ():
                if ".." not in file.parts:
                    (packages / file).parent.mkdir(parents=True, exist_ok=True)
                    (packages / file).symlink_to(Path(str(file.locate())).resolve())

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)

    def files(self) -> set[str]:
        return {str(path.relative_to(self.app)) for path in self.app.rglob("*")}


class ComposePostgres(Postgres):
    """The `postgres` service: our launcher, the service's own command line, passwords asked for over TCP."""

    def __init__(self, folder: Path, command: list[str], port: int) -> None:
        super().__init__(folder, durable=True)
        self.arguments = command[1:]
        self.port = port

    def prepare(self, identity: Any, lock: int) -> None:
        super().prepare(identity, lock)
        rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(rules)

    def command(self) -> list[str]:
        address = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}"]
        return [*super().command(), *self.arguments, *address]

    @property
    def url(self) -> str:
        return f"{super().url}&port={self.port}"

    def url_of(self, database: str) -> str:
        return f"{super().url_of(database)}&port={self.port}"


class Project:
    """The services on this machine: their addresses, their secrets, their processes."""

    def __init__(self, image: Image, folder: Path) -> None:
        self.image = image
        self.folder = folder
        self.file = compose()
        self.ports = {name: free_port() for name in ("postgres", "redis", "web")}
        self.secrets = folder / "secrets"
        subprocess.run(["sh", ROOT / "deploy/make-secrets", self.secrets], check=True, capture_output=True)
        self.data = folder / "data"
        self.data.mkdir()
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.processes: list[subprocess.Popen[bytes]] = []
        self._map_addresses()
        self._make_commands()

    def _map_addresses(self) -> None:
        for secret in self.secrets.iterdir():
            text = secret.read_text()
            for name, port in (("postgres", 5432), ("redis", 6379)):
                text = text.replace(f"@{name}:{port}", f"@127.0.0.1:{self.ports[name]}")
            secret.chmod(0o644)
            secret.write_text(text)

    def _make_commands(self) -> None:
        """The programs of the other images under their names; of valkey-cli, which no wheel brings, only PING."""
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        (self.programs / "valkey-server").symlink_to(wheel.valkey_server())
        for name in ("psql", "pg_isready"):
            (self.programs / name).symlink_to(wheel.postgres_bin() / name)
        ping = (
            "import os, redis\n"
            f"print(redis.Redis(port={self.ports['redis']}, password=os.environ['REDISCLI_AUTH']).ping() and 'PONG')"
        )
        client = self.programs / "valkey-cli"
        client.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{ping}"\n')
        client.chmod(0o755)

    def mapped(self, text: str) -> str:
        replaced = text.replace("$$", "$").replace("/run/secrets", str(self.secrets))
        replaced = re.sub(r"/data\b(?=\s|$)", str(self.data), replaced)
        replaced = replaced.replace("127.0.0.1:8000", f"127.0.0.1:{self.ports['web']}")
        if replaced.startswith("exec valkey-server"):
            return replaced + f" --bind 127.0.0.1 --port {self.ports['redis']}"
        return {"0.0.0.0": "127.0.0.1", "8000": str(self.ports["web"])}.get(replaced, replaced)

    def environment(self, service: str) -> dict[str, str]:
        """What the service's process sees: the service's own settings, PATH, no home."""
        path = [str(self.image.venv / "bin"), str(self.programs), os.defpath]
        declared = {name: self._default(str(value)) for name, value in self._environment(service).items()}
        return {
            "PATH": ":".join(path),
            "HOME": "/nonexistent",
            "TMPDIR": str(self.temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
            **{name: self.mapped(value) for name, value in declared.items()},
        }

    def _environment(self, service: str) -> dict[str, Any]:
        declared: dict[str, Any] = self.file["services"][service].get("environment", {})
        return declared

    @staticmethod
    def _default(value: str) -> str:
        return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)

    def command(self, service: str, *arguments: str) -> list[str]:
        """The service's command line; with arguments, these after its entrypoint, as `run` has it."""
        definition = self.file["services"][service]
        tail = list(arguments) or definition["command"]
        return [self.mapped(part) for part in [*definition.get("entrypoint", []), *tail]]

    def health_command(self, service: str) -> list[str]:
        kind, *test = self.file["services"][service]["healthcheck"]["test"]
        return [self.mapped(part) for part in (["sh", "-c", *test] if kind == "CMD-SHELL" else test)]

    def run(self, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a service to its end."""
        return self._completed(service, self.command(service, *arguments))

    def check_health(self, service: str) -> subprocess.CompletedProcess[str]:
        command = self.health_command(service)
        if service == "postgres":  # Its port is 5432 in the container.
            command.append(f"--port={self.ports['postgres']}")
        return self._completed(service, command)

    def _completed(self, service: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = self.environment(service)
        program = shutil.which(command[0], path=environment["PATH"])
        assert program, f"{command[0]} is in no image"
        return subprocess.run(
            [program, *command[1:]],
            env=environment,
            cwd=self.image.app,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, service: str) -> subprocess.Popen[bytes]:
        """Start a service that stays; its output goes to a file named for it."""
        command, environment = self.command(service), self.environment(service)
        program = shutil.which(command[0], path=environment["PATH"])
        assert program, f"{command[0]} is in no image"
        with (self.folder / f"{service}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [program, *command[1:]], env=environment, cwd=self.image.app, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def make_roles(self, postgres: ComposePostgres) -> None:
        """What the image of PostgreSQL does at its first start: the database, then the mounted file through psql."""
        postgres.create_database(self._environment("postgres")["POSTGRES_DB"])
        mounted = [volume.split(":")[0] for volume in self.file["services"]["postgres"]["volumes"]]
        (roles,) = (ROOT / path for path in mounted if path.startswith("./"))
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", roles, postgres.url_of("tracker")],
            executable=self.programs / "psql",
            env=self.environment("postgres"),
            check=True,
        )

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text()

    def stop_all(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def logs(self) -> str:
        return "\n".join(
            f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in self.folder.glob("*.log")
        )


def quoted(command: list[str]) -> str:
    return shlex.join(command)
