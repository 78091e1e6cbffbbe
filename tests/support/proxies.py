"""Real proxies in front of a receiver, each with the lines that docs/operations.md names."""

import contextlib
import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.serving import free_port
from tests.support.waiting import wait_until

PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"


@dataclass(frozen=True)
class Proxy:
    """A server's program, its configuration with @PORT@, @UPSTREAM@ and @FOLDER@ in it, and its arguments."""

    program: str
    configuration: str
    arguments: tuple[str, ...]
    configuration_file: str = "proxy.conf"

    @property
    def path(self) -> str | None:
        return shutil.which(self.program, path=PATH)

    @contextlib.contextmanager
    def running(self, upstream: int, folder: Path) -> Iterator[int]:
        """The port at which it listens, while it runs in front of the port `upstream`."""
        port = free_port()

        def filled(text: str) -> str:
            text = text.replace("@PORT@", str(port)).replace("@UPSTREAM@", str(upstream))
            return text.replace("@FOLDER@", str(folder)).replace("@CONFIGURATION@", str(file))

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
            wait_until(lambda: _passes_on(port) or process.poll() is not None)
            assert process.poll() is None, (folder / "proxy.log").read_text()
            yield port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _passes_on(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/health/live")
        with connection.getresponse() as answer:
            return answer.status == http.client.OK
    return False


_NGINX = """
daemon off; pid @FOLDER@/nginx.pid; error_log stderr; worker_processes 1; user root;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path @FOLDER@/body; proxy_temp_path @FOLDER@/proxy; fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi; scgi_temp_path @FOLDER@/scgi;
  server {
    listen 127.0.0.1:@PORT@;
    @MORE@
    location / {
      proxy_pass http://127.0.0.1:@UPSTREAM@;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Proto $scheme;
      @ADDRESS@
    }
  }
}
"""
_NGINX_ARGUMENTS = ("-p", "@FOLDER@", "-c", "@CONFIGURATION@")


def nginx(address: str, more: str = "") -> Proxy:
    """With `address` as the line that says who the client is."""
    return Proxy("nginx", _NGINX.replace("@ADDRESS@", address).replace("@MORE@", more), _NGINX_ARGUMENTS)


NGINX_FOR = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
NGINX_FORWARDED = 'proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=$scheme";'

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
CADDY = Proxy(
    "caddy",
    """
{
    admin off
    auto_https off
}
http://:@PORT@ {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:@UPSTREAM@
}
""",
    ("run", "--adapter", "caddyfile", "--config", "@CONFIGURATION@"),
)
HAPROXY = Proxy(
    "haproxy",
    """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend web
    bind 127.0.0.1:@PORT@
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    default_backend receiver
backend receiver
    server tracker 127.0.0.1:@UPSTREAM@
""",
    ("-db", "-f", "@CONFIGURATION@"),
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
