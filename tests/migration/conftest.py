"""A second server for what must hold on an older PostgreSQL too: Debian's, started here in a private folder."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def debian_postgres() -> Iterator[str]:
    """The URL of a PostgreSQL 15 of this test process, which ends with it."""
    if not DEBIAN.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL 15 is not installed: apt-get install postgresql-15")
        pytest.skip("PostgreSQL 15 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="postgres15-"))
    drop_root = []
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        drop_root = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=INT"]
    data = folder / "data"
    initdb = [*drop_root, str(DEBIAN / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*initdb, "--locale=C.UTF-8", "--no-sync"], cwd=folder, check=True, capture_output=True)
    options = [f"unix_socket_directories={folder}", "listen_addresses=", "fsync=off", "timezone=Asia/Tokyo"]
    command = [*drop_root, str(DEBIAN / "postgres"), "-D", str(data)]
    for option in options:
        command += ["-c", option]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as server:
        try:
            ready = [str(DEBIAN / "pg_isready"), "-h", str(folder), "-t", "20", "-q"]
            while subprocess.run(ready, check=False).returncode != 0:
                assert server.poll() is None, (folder / "log").read_text()
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
            shutil.rmtree(folder)


@pytest.fixture(params=["embedded", "debian"])
def new_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, once on the embedded server (PostgreSQL 18) and once on Debian's (15)."""
    server_url = request.getfixturevalue("debian_postgres") if request.param == "debian" else None
    server_url = server_url or request.getfixturevalue("postgres").url
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server_url.replace("@/postgres?", f"@/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


CATALOG = {
    "column": """
        SELECT format('%s.%s %s%s%s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                      CASE WHEN a.attnotnull THEN ' NOT NULL' END, ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid))
          FROM pg_attribute a
          JOIN pg_class t ON t.oid = a.attrelid AND t.relkind IN ('r', 'p') AND NOT t.relispartition
          LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
         WHERE t.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped""",
    "index": """
        SELECT pg_get_indexdef(x.indexrelid)
          FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid AND NOT t.relispartition
         WHERE t.relnamespace = 'public'::regnamespace""",
    "constraint": """
        SELECT format('%s %s', t.relname, pg_get_constraintdef(c.oid))
          FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid AND NOT t.relispartition
         WHERE t.relnamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f', 'c') AND c.conparentid = 0""",
    "partitioned": """
        SELECT format('%s by %s', relname, pg_get_partkeydef(oid))
          FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'p'""",
}


@pytest.fixture
def catalog_of() -> Callable[[str], set[str]]:
    """What a database has, partitions left out: a line for each column, index, constraint and partitioned table."""

    def lines(url: str) -> set[str]:
        with psycopg.connect(url) as connection:
            return {
                f"{kind} {line}"
                for kind, query in CATALOG.items()
                for (line,) in connection.execute(query.encode()).fetchall()
            }

    return lines
