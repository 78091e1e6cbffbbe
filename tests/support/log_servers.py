"""Real web servers that write an access log, each as its packages or its manual configure it."""

from tests.support.proxies import Proxy

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
