"""The package as it is installed elsewhere: built from a clone, in an environment that has nothing else."""

import contextlib
import hashlib
import http.client
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from tests.support.clones import clone, environment, files_in
from tests.support.interpreters import NEWEST, OLDEST, interpreters
from tests.support.serving import free_port
from tests.support.waiting import PATIENCE, wait_until
from tracker import __version__

pytestmark = [pytest.mark.package, pytest.mark.timeout(1200)]


@dataclass(frozen=True)
class Built:
    """A clone, and the wheel and the source archive that were built from it."""

    checkout: Path
    wheel: Path
    source: Path
    environment: dict[str, str]
    """Of whoever builds and installs."""


def run(command: list[str | Path], folder: Path, variables: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def pip(python: Path, *arguments: str | Path) -> list[str | Path]:
    return [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    checkout = clone(folder / "a clone")
    variables = environment(folder / "home")
    python = Path(interpreters()[min(interpreters())])
    maker = make_environment(folder / "maker", str(python), variables)
    lines = (checkout / "requirements-dev.txt").read_text().splitlines()
    pinned = [line.removesuffix(" \\") for line in lines if line.startswith("build==")]
    run(pip(maker, "install", *pinned), folder, variables)
    run([maker, "-m", "build", "--outdir", folder / "dist", checkout], folder, variables)
    (wheel,) = (folder / "dist").glob("*.whl")
    (source,) = (folder / "dist").glob("*.tar.gz")
    return Built(checkout, wheel, source, variables)


def make_environment(folder: Path, python: str, variables: Mapping[str, str]) -> Path:
    """Make a virtual environment; the answer is its interpreter."""
    run([python, "-m", "venv", folder], folder.parent, variables)
    return folder / "bin" / "python"


def digests(folder: Path) -> dict[str, str]:
    """The files of the package in a folder that it was installed into."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "tracker").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_wheel_has_all_files_of_the_package_and_the_statements_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(archive.read(name) for name in archive.namelist() if name.endswith("/METADATA")).decode()
    in_repository = files_in(built.checkout, "tracker", "sql")
    assert packed == {f"tracker/{name}" if name.startswith("sql/") else name for name in in_repository}
    assert f"\nVersion: {__version__}\n" in metadata
    required = {line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line[:14] == "Requires-Dist:"}
    listed = (built.checkout / "requirements.in").read_text().splitlines()
    assert {line for line in required if "extra ==" not in line} == {
        line for line in listed if line[:1] not in ("#", "")
    }


def test_the_source_archive_has_all_files_of_the_repository(built: Built) -> None:
    with tarfile.open(built.source) as archive:
        packed = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert {name for name in files_in(built.checkout) if not name.startswith(".")} - packed == set()
    assert {name for name in packed if name.startswith("deploy/secrets")} == set()


@pytest.mark.parametrize("form", ["a clone", "the source archive"])
def test_installing_from_source_gives_the_files_of_the_wheel(built: Built, form: str, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "env", interpreters()[min(interpreters())], built.environment)
    source = built.checkout if form == "a clone" else built.source
    for what, place in ((source, "from source"), (built.wheel, "from the wheel")):
        run(pip(python, "install", "--no-deps", "--target", tmp_path / place, what), tmp_path, built.environment)
    assert digests(tmp_path / "from source") == digests(tmp_path / "from the wheel")


class Installed:
    """The command `tracker` of an environment, run in an empty folder by somebody who has these settings."""

    def __init__(self, python: Path, folder: Path, variables: Mapping[str, str]) -> None:
        self.command = python.with_name("tracker")
        self.folder = folder
        self.variables = {**variables, "PATH": f"{python.parent}:{variables['PATH']}"}

    def __call__(self, *arguments: str) -> str:
        return run([self.command, *arguments], self.folder, self.variables)

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process that stays, and see that it ends when it is asked to."""
        log = self.folder / f"{arguments[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self.command, *arguments], cwd=self.folder, env=self.variables, stdout=output, stderr=output
            )
        try:
            yield process
            process.terminate()
            assert process.wait(PATIENCE) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()

    def succeeds(self, *arguments: str) -> bool:
        done = subprocess.run(
            [self.command, *arguments], cwd=self.folder, env=self.variables, capture_output=True, check=False
        )
        return done.returncode == 0


@pytest.fixture
def installed(request: pytest.FixtureRequest, built: Built, environment: dict[str, str], tmp_path: Path) -> Installed:
    """The wheel and what requirements.txt pins, installed for one version of Python."""
    python = make_environment(tmp_path / "env", interpreters()[request.param], built.environment)
    run(pip(python, "install", "-r", built.checkout / "requirements.txt"), tmp_path, built.environment)
    run(pip(python, "install", "--no-deps", built.wheel), tmp_path, built.environment)
    run(pip(python, "check"), tmp_path, built.environment)
    (tmp_path / "elsewhere").mkdir()
    return Installed(python, tmp_path / "elsewhere", environment)


def get(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def traffic_page(port: int, token: str) -> str:
    """The dashboard's page of the application `shop`, after signing in."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        here = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/dashboard/sign-in", urlencode({"key": token}), here)
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status == 303, said
        cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
        connection.request("GET", "/dashboard/applications/shop", headers={"Cookie": cookie})
        answer = connection.getresponse()
        page = answer.read().decode()
        assert answer.status == 200, page
        return page


def is_live(port: int) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return get(port, "/health/ready")[0] == 200
    return False


def version(minor: int) -> object:
    """A parameter for Python 3.`minor`; only a test that runs asks whether there is one."""
    there = pytest.mark.skipif(f"{minor} not in interpreters()", reason=f"there is no Python 3.{minor} here")
    return pytest.param(minor, id=f"3.{minor}", marks=there)


def stored(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM access_logs WHERE url = 'https://example.com/'").fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("installed", [version(minor) for minor in range(OLDEST, NEWEST + 1)], indirect=True)
def test_every_process_runs_far_from_a_checkout(installed: Installed, empty_database_url: str, redis_url: str) -> None:
    installed.variables |= {"DATABASE_URL": empty_database_url}
    assert installed("--version").strip() == __version__
    installed("migrate")
    made = json.loads(installed("apps", "create", "--name", "Shop", "--app-id", "shop", "--preset", "news", "--json"))
    port = free_port()
    with (
        installed.running("serve", "--port", str(port), "--workers", "1"),
        installed.running("worker", "--workers", "1"),
        installed.running("scheduler"),
    ):
        wait_until(lambda: is_live(port))
        headers = {"X-API-Key": made["api_key"], "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
        status, gif = get(port, "/pixel.gif?app_id=shop&url=https://example.com/", **headers)
        assert (status, gif[:6]) == (200, b"GIF89a")
        wait_until(lambda: stored(empty_database_url) == 1)
        assert "<h1>Shop</h1>" in traffic_page(port, installed.variables["TRACKER_ADMIN_TOKEN"])
        for path in ("/tracker.js", "/openapi.json", "/docs"):
            assert get(port, path)[0] == 200, path
        wait_until(lambda: installed.succeeds("scheduler", "--check"))
