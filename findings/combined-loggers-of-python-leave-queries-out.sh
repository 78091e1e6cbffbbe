#!/usr/bin/env bash
# wsgi-request-logger 0.4.6 and asgi-logger 0.1.0 (PyPI) write "Apache's combined format" from inside an application:
# the request in it has no query, and its path has lost its percent escapes, blanks included. Campaigns (utm_...) and
# searches are in no such log, and whoever splits the request at blanks finds another page. asgi-logger has the query
# apart, as %(q)s.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check wsgi-request-logger==0.4.6 asgi-logger==0.1.0
cat > "$folder/run.py" <<'P'
import asyncio, logging, re, sys
from importlib.metadata import version
from wsgiref.util import setup_testing_defaults

from asgi_logger import AccessLoggerMiddleware
from requestlogger import ApacheFormatter, WSGILogger

PATH, RAW, QUERY = "/p\u00e9 x", b"/p%C3%A9%20x", "utm_source=news"
written = []
class Kept(logging.Handler):
    def emit(self, record): written.append(self.format(record))

def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]
environ = {"PATH_INFO": PATH.encode().decode("latin-1"), "QUERY_STRING": QUERY, "REMOTE_ADDR": "192.0.2.1"}
setup_testing_defaults(environ)
b"".join(WSGILogger(application, [Kept()], ApacheFormatter())(environ, lambda *_: None))

async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})
logger = logging.getLogger("kept"); logger.setLevel("INFO"); logger.addHandler(Kept())
combined = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(B)s "%(f)s" "%(a)s"'
scope = {"type": "http", "method": "GET", "http_version": "1.1", "path": PATH, "raw_path": RAW, "query_string": QUERY.encode(),
         "root_path": "", "headers": [], "client": ("192.0.2.1", 5), "server": ("192.0.2.9", 80), "scheme": "http"}
async def receive(): return {"type": "http.request", "body": b"", "more_body": False}
async def send(message): pass
asyncio.run(AccessLoggerMiddleware(asgi, format=combined, logger=logger)(scope, receive, send))

print(f"sent: GET {RAW.decode()}?{QUERY}")
requests = [re.search('"([^"]*)"', line)[1] for line in written]
for name, request in zip(("wsgi-request-logger", "asgi-logger"), requests, strict=True):
    print(f"{name} {version(name)}: {request!r}")
sys.exit(any("utm" in request or " x HTTP" not in request for request in requests))
P
"$folder/env/bin/python" "$folder/run.py" || { echo "The loggers do it differently now."; exit 1; }
