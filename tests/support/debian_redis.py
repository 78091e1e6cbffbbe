"""Debian's Redis 7 as a server that speaks TLS, which the wheel's Valkey cannot.

The package redis-tools has it, without the service that redis-server brings.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis, RedisError

from tests.support.needed import need
from tests.support.serving import free_port
from tests.support.waiting import wait_until

BINARY = Path("/usr/bin/redis-check-rdb")
"""One program with `redis-server`: under that name it is the server."""


@contextmanager
def running_debian_redis(folder: Path, pem: Path, authority: Path, **more: str) -> Iterator[int]:
    """The port on which it speaks TLS, with the key and the certificate of `pem`; it asks nobody for one.

    `more` are further settings, with a hyphen for each underline.
    """
    need(BINARY.is_file(), "Redis 7 is not installed: apt-get install redis-tools")
    port = free_port()
    settings = {
        "port": "0",
        "bind": "127.0.0.1",
        "tls-port": str(port),
        "tls-cert-file": str(pem),
        "tls-key-file": str(pem),
        "tls-ca-cert-file": str(authority),
        "tls-auth-clients": "no",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(["redis-server", *options], executable=BINARY, stdout=log, stderr=log)
    try:
        client = Redis(port=port, ssl=True, ssl_ca_certs=str(authority))
        wait_until(lambda: _answers(server, client))
        client.close()
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _answers(server: subprocess.Popen[bytes], client: Redis) -> bool:
    assert server.poll() is None, "the server has ended: see redis.log"
    with contextlib.suppress(RedisError):
        return bool(client.ping())
    return False
