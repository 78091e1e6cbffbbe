"""Real web servers that write an access log, each as its packages or its manual configure it."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.proxies import PATH, Proxy, passes_on
from tests.support.waiting import wait_until

_NGINX = """
daemon off; pid @FOLDER@/nginx.pid; error_log stderr; worker_processes 1; user root;
events { worker_connections 256; }
http {
  @FORMAT@
  access_log @LOG@;
  client_body_temp_path @FOLDER@/body; proxy_temp_path @FOLDER@/proxy; fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi; scgi_temp_path @FOLDER@/scgi;
  server { listen 127.0.0.1:@PORT@; location / { return 200 ok; } }
}
"""
_NGINX_JSON = (
    'log_format j escape=json \'{"time": "$time_iso8601", "remote_addr": "$remote_addr", '
    '"request_method": "$request_method", "request_uri": "$request_uri", "host": "$host", "status": $status, '
    '"body_bytes_sent": $body_bytes_sent, "http_referer": "$http_referer", "http_user_agent": "$http_user_agent"}\';'
)


def nginx(log: str, format_: str = "") -> Proxy:
    """With `log` as what follows `access_log`."""
    configuration = _NGINX.replace("@LOG@", log).replace("@FORMAT@", format_)
    return Proxy("nginx", configuration, ("-p", "@FOLDER@", "-c", "@CONFIGURATION@"))


NGINX = nginx("@FOLDER@/access.log combined")
NGINX_JSON = nginx("@FOLDER@/access.log j", _NGINX_JSON)
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
LoadModule rewrite_module modules/mod_rewrite.so
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
CustomLog @FOLDER@/access.log combined
RewriteEngine On
RewriteRule .* - [R=200,L]
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
    log {
        output file @FOLDER@/access.log
    }
    respond ok
}
""",
    ("run", "--adapter", "caddyfile", "--config", "@CONFIGURATION@"),
)

LIGHTTPD = Proxy(
    "lighttpd",
    """
server.document-root = "@FOLDER@"
server.bind = "127.0.0.1"
server.port = @PORT@
server.errorlog = "/dev/stderr"
server.modules = ("mod_rewrite", "mod_accesslog")
accesslog.filename = "@FOLDER@/access.log"
url.rewrite-once = ("" => "/proxy.conf")
""",
    ("-D", "-f", "@CONFIGURATION@"),
)


@dataclass(frozen=True)
class Varnish(Proxy):
    """Varnish, and the program that writes its log: it ends when the cache does."""

    @contextlib.contextmanager
    def running(self, upstream: int, folder: Path, second: int | None = None) -> Iterator[int]:
        with super().running(upstream, folder, second) as port:
            log = folder / "access.log"
            program = shutil.which("varnishncsa", path=PATH)
            assert program is not None
            writer = subprocess.Popen([program, "-n", str(folder / "work"), "-w", str(log)])
            try:
                wait_until(lambda: passes_on(port, tls=False) and log.exists() and log.stat().st_size)
                yield port
            finally:
                writer.terminate()
                writer.wait()


VARNISH = Varnish(
    "varnishd",
    """
vcl 4.1;
backend none none;
sub vcl_recv { return (synth(200)); }
""",
    (
        *("-F", "-j", "none", "-n", "@FOLDER@/work", "-f", "@CONFIGURATION@", "-a", "127.0.0.1:@PORT@"),
        *("-s", "malloc,16m", "-T", "none"),
    ),
)


def haproxy(address: str) -> Proxy:
    """Sends its lines to `address` by syslog: it writes no files. It names no header that is not captured."""
    configuration = f"""
global
    log {address} len 65535 local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend web
    bind 127.0.0.1:@PORT@
    capture request header User-Agent len 4000
    capture request header Referer len 4000
    http-request return status 200
"""
    return Proxy("haproxy", configuration, ("-db", "-f", "@CONFIGURATION@"))


def lines_of_requests(log: Path) -> int:
    """How many whole lines a log has, without those of asking whether the server is there: they may be many."""
    lines = log.read_bytes().split(b"\n")[:-1] if log.exists() else []
    return sum(b"/health/live" not in line for line in lines)
