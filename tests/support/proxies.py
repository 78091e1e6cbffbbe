"""Real proxies in front of receivers, with the files of deploy/proxy or the lines that docs/operations.md names."""

import contextlib
import http.client
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import certificate
from tests.support.compose_project import ROOT
from tests.support.serving import free_port
from tests.support.waiting import wait_until

PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"


@dataclass(frozen=True)
class Proxy:
    """A server's program, its configuration with @PORT@, @UPSTREAM@ and @FOLDER@ in it, and its arguments.

    One that speaks TLS finds a certificate for localhost in @FOLDER@, and has a second upstream at @UPSTREAM2@ and a
    port for plain HTTP, @PLAIN@, and for IPv6, @V6@.
    """

    program: str
    configuration: str
    arguments: tuple[str, ...]
    configuration_file: str = "proxy.conf"
    tls: bool = False

    @property
    def path(self) -> str | None:
        return shutil.which(self.program, path=PATH)

    @contextlib.contextmanager
    def running(self, upstream: int, folder: Path, second: int | None = None) -> Iterator[int]:
        """The port at which it listens, while it runs in front of the port `upstream`, and of a second one."""
        ports = {name: str(free_port()) for name in ("PORT", "PLAIN", "V6", "V6PLAIN")}
        places = {**ports, "UPSTREAM": str(upstream), "UPSTREAM2": str(second or upstream), "FOLDER": str(folder)}
        if self.tls:
            _certify(folder)

        def filled(text: str) -> str:
            return re.sub("@([A-Z0-9]+)@", lambda place: {**places, "CONFIGURATION": str(file)}[place[1]], text)

        port = int(ports["PORT"])
        file = folder / self.configuration_file
        file.write_text(filled(self.configuration))
        assert self.path is not None
        with (folder / "proxy.log").open("wb") as log:
            process = subprocess.Popen(
                [self.path, *map(filled, self.arguments)],
                stdout=log,
                stderr=log,
                cwd=folder,
                env={"PATH": PATH, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            )
        try:
            wait_until(lambda: passes_on(port, tls=self.tls) or process.poll() is not None)
            assert process.poll() is None, (folder / "proxy.log").read_text()
            yield port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def connect(port: int, *, tls: bool, visitor: str = "127.0.0.1") -> http.client.HTTPConnection:
    """A connection to a proxy, whose certificate is believed unseen."""
    if tls:
        return http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=30, source_address=(visitor, 0), context=ssl._create_unverified_context()
        )
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(visitor, 0))


def passes_on(port: int, *, tls: bool) -> bool:
    """Whether a server answers."""
    connection = connect(port, tls=tls)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/health/live")
        with connection.getresponse() as answer:
            return answer.status == http.client.OK
    return False


def _certify(folder: Path) -> None:
    """A certificate of one's own, under the names of the files of deploy/proxy."""
    made = certificate(folder, "localhost")
    for name in ("fullchain.pem", "privkey.pem", "haproxy.pem"):
        shutil.copy(made, folder / name)


def _shipped(name: str, places: dict[str, str]) -> str:
    """A file of deploy/proxy with addresses and paths of its own; each of them must stand in it."""
    text = (ROOT / "deploy/proxy" / name).read_text()
    for theirs, ours in {"/etc/access-log-tracker/tls": "@FOLDER@", **places}.items():
        assert theirs in text, f"{name} has lost {theirs!r}"
        text = text.replace(theirs, ours)
    return text


_RECEIVERS = {"127.0.0.1:8001": "127.0.0.1:@UPSTREAM@", "127.0.0.1:8002": "127.0.0.1:@UPSTREAM2@"}
# What Debian's nginx.conf has around a file of conf.d, in a folder of its own.
_NGINX_AROUND = """
daemon off; pid @FOLDER@/nginx.pid; error_log stderr; worker_processes 1; user root;
events { worker_connections 256; }
http {
access_log off;
client_body_temp_path @FOLDER@/body; proxy_temp_path @FOLDER@/proxy; fastcgi_temp_path @FOLDER@/fastcgi;
uwsgi_temp_path @FOLDER@/uwsgi; scgi_temp_path @FOLDER@/scgi;
@MORE@
@SHIPPED@
}
"""
NGINX_FOR = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
NGINX_FORWARDED = 'proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=$scheme";'


def nginx(address: str = NGINX_FOR, more: str = "") -> Proxy:
    """With `address` as the line that says who the client is."""
    shipped = _shipped(
        "nginx.conf",
        {
            "listen 80;": "listen 127.0.0.1:@PLAIN@;",
            "listen [::]:80;": "listen 127.0.0.1:@V6PLAIN@;",
            "listen 443 ": "listen 127.0.0.1:@PORT@ ",
            "listen [::]:443 ": "listen 127.0.0.1:@V6@ ",
            NGINX_FOR: address,
            **_RECEIVERS,
        },
    )
    configuration = _NGINX_AROUND.replace("@MORE@", more).replace("@SHIPPED@", shipped)
    return Proxy("nginx", configuration, ("-p", "@FOLDER@", "-c", "@CONFIGURATION@"), tls=True)


CADDY = Proxy(
    "caddy",
    _shipped(
        "Caddyfile",
        {
            # The files' own port for plain HTTP, and the administrator's, are taken by one of them only.
            "{\n\tservers {": "{\n\tadmin off\n\thttp_port @PLAIN@\n\tservers {",
            "track.example.com {": "https://:@PORT@ {\n\tbind 127.0.0.1",
            **_RECEIVERS,
        },
    ),
    ("run", "--adapter", "caddyfile", "--config", "@CONFIGURATION@"),
    tls=True,
)
HAPROXY = Proxy(
    "haproxy",
    _shipped(
        "haproxy.cfg",
        {"bind :::80 v4v6": "bind 127.0.0.1:@PLAIN@", "bind :::443 v4v6": "bind 127.0.0.1:@PORT@", **_RECEIVERS},
    ),
    ("-db", "-f", "@CONFIGURATION@"),
    tls=True,
)
APACHE = Proxy(
    "apache2",
    """
ServerRoot /usr/lib/apache2
ServerName tracker
PidFile @FOLDER@/apache.pid
Mutex file:@FOLDER@
ErrorLog /dev/stderr
Listen 127.0.0.1:@PORT@
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule headers_module modules/mod_headers.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
ProxyPreserveHost On
RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
ProxyPass / http://127.0.0.1:@UPSTREAM@/
""",
    ("-D", "FOREGROUND", "-f", "@CONFIGURATION@"),
)
TRAEFIK = Proxy(
    "traefik",
    """
http:
  routers:
    tracker:
      rule: PathPrefix(`/`)
      service: tracker
  services:
    tracker:
      loadBalancer:
        servers:
          - url: http://127.0.0.1:@UPSTREAM@
""",
    (
        "--entrypoints.web.address=127.0.0.1:@PORT@",
        "--providers.file.filename=@CONFIGURATION@",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ),
    configuration_file="proxy.yml",
)
