"""The five minutes of the README, word for word, on Debian's own PostgreSQL and Redis.

Only what a machine has one of is another here: the three ports, and `sudo`, which has no services to go to.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.clones import clone, environment
from tests.support.debian_postgres import BINARIES, make_cluster, serving_cluster
from tests.support.debian_redis import BINARY
from tests.support.memory_folder import memory_folder
from tests.support.needed import need
from tests.support.serving import free_port
from tests.support.waiting import wait_until

PATIENCE = 400
PORTS = ("5432", "6379", "8000")


def blocks_of(readme: str) -> list[str]:
    """The commands from making a role to sending a hit."""
    [part] = re.findall(r"^Without Docker, on Debian(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)


@contextmanager
def servers(ports: Mapping[str, str]) -> Iterator[Path]:
    """Run both with Debian's manners: passwords over TCP alone, a configuration of Redis; the folder of the socket."""
    with memory_folder() as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        make_cluster(BINARIES, folder / "data")
        (folder / "data" / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        configuration = folder / "redis.conf"
        configuration.write_text(f"port {ports['6379']}\nbind 127.0.0.1\ndir {folder}\n")
        with (
            serving_cluster(BINARIES, folder / "data", folder, "fsync=on", port=int(ports["5432"])),
            subprocess.Popen(["redis-server", configuration], executable=BINARY, stdout=subprocess.DEVNULL) as redis,
        ):
            try:
                yield folder
            finally:
                redis.terminate()


def programs(folder: Path, socket: Path, ports: Mapping[str, str]) -> Path:
    """`sudo` and `redis-cli`, which know where the servers of this test are."""
    folder.mkdir()
    sudo = f"""#!/bin/sh
[ "$1" != -u ] || shift 2
PGHOST={socket} PGPORT={ports["5432"]} PGUSER=postgres exec "$@"
"""
    for name, script in {
        "sudo": sudo,
        "redis-cli": f'#!/bin/sh\nexec {shutil.which("redis-cli")} -p {ports["6379"]} "$@"\n',
    }.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.clone
@pytest.mark.timeout(600)
def test_the_five_minutes_of_the_readme_end_with_a_stored_hit(tmp_path: Path) -> None:
    need(BINARIES.is_dir(), "PostgreSQL 15 is not installed: apt-get install postgresql-15")
    need(BINARY.is_file() and shutil.which("redis-cli"), "Redis 7 is not installed: apt-get install redis-tools")
    need(shutil.which("curl"), "curl is not installed: apt-get install curl")
    checkout = clone(tmp_path / "clone")
    ports = {port: str(free_port()) for port in PORTS}
    blocks = [
        re.sub(r"(?<![\d.])(5432|6379|8000)\b", lambda port: ports[port[0]], block)
        for block in blocks_of((checkout / "README.md").read_text())
    ]
    assert len(blocks) == 5
    variables = environment(tmp_path / "home")

    def shell(script: str, log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                ["bash", "-c", script],
                cwd=checkout,
                env=variables,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def succeeds(command: str) -> bool:
        return shell(command, tmp_path / "asked").wait(PATIENCE) == 0

    *setting_up, look, request = blocks
    with servers(ports) as socket:
        variables["PATH"] = f"{programs(tmp_path / 'programs', socket, ports)}:{variables['PATH']}"
        wait_until(lambda: succeeds("redis-cli ping"))
        log = tmp_path / "log"
        terminal = shell("set -e\n" + "".join(setting_up), log)
        try:
            terminal.wait(PATIENCE)
            assert "API key" in log.read_text(), log.read_text()
            wait_until(lambda: succeeds(look))
            page = f"curl --fail --silent --location http://127.0.0.1:{ports['8000']}/dashboard | grep '<h1'"
            wait_until(lambda: succeeds(page))
            assert succeeds(request.replace("curl ", "curl --fail ")), (tmp_path / "asked").read_text()
            assert '"tracking_id"' in (tmp_path / "asked").read_text()
            counted = "sudo -u postgres psql -AXtc 'SELECT count(*) FROM access_logs' tracker | grep -qx 1"
            wait_until(lambda: succeeds(counted))
        finally:
            os.killpg(terminal.pid, signal.SIGTERM)
