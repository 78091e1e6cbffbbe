#!/usr/bin/env bash
# plausible-events 0.1.0 (PyPI): before its first event it asks a host on the internet for its own address. Where that
# cannot be reached, no event ever leaves for the server that was given, and the caller hears nothing of it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check plausible-events==0.1.0
cat > "$folder/run.py" <<'P'
import os, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import requests
from plausible_events import PlausibleEvents

arrived, foreign = [], []
class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        arrived.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(202); self.end_headers()
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

reachable = False
def get(url, **_):
    """The one request that it makes of another host: unreachable first, then answered."""
    foreign.append(url)
    if not reachable:
        raise requests.ConnectionError("unreachable")
    answer = requests.Response(); answer.status_code = 200; answer._content = b"203.0.113.9"
    return answer
requests.get = get
client = PlausibleEvents("shop.example", api=f"http://127.0.0.1:{server.server_port}/api/event", timeout=0.2)
client.event("signup")
time.sleep(2)
before = len(arrived)
reachable = True
time.sleep(2)
print(f"plausible-events {version('plausible-events')}")
print(f"asked first: {foreign[0]} ({len(foreign)} times)\nevents while it was unreachable: {before}\nevents once it answered: {len(arrived)}")
os._exit(0 if before == 0 and len(arrived) == 1 and len(foreign) > 2 else 1)
P
"$folder/env/bin/python" "$folder/run.py" || { echo "The client does it differently now."; exit 1; }
