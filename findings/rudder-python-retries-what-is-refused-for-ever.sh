#!/usr/bin/env bash
# rudder-sdk-python 2.1.9 (PyPI) gives up on 400 at once where the answer is no JSON, or JSON with `code` and `message`.
# Where its JSON has no `code` it sends the same again until `max_retries` are used up, and `on_error` hears 'code'
# alone (a KeyError), neither status nor reason.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rudder-sdk-python==2.1.9
cat > "$folder/run.py" <<'P'
import logging, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from rudderstack.analytics.client import Client

answer, arrived = b"", 0
class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        global arrived
        arrived += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400); self.send_header("Content-Length", str(len(answer))); self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
logging.getLogger("rudderstack").setLevel(logging.CRITICAL)

def refused(body):
    """How often one event comes, and what the program hears of it."""
    global answer, arrived
    answer, arrived, heard = body, 0, []
    client = Client("key", host=f"http://127.0.0.1:{server.server_port}", max_retries=2, on_error=lambda error, _: heard.append(str(error)))
    client.track("user", "signup"); client.flush(); client.join()
    return arrived, heard

print(f"rudder-sdk-python {version('rudder-sdk-python')}, max_retries=2, every answer 400")
for name, body in (("code and message", b'{"code": "bad", "message": "no"}'), ("message alone", b'{"message": "no"}'), ("no JSON", b"no")):
    tries, heard = refused(body)
    print(f"{name:17} {tries} sent, on_error {heard}")
    expected = (3, ["'code'"]) if name == "message alone" else (1, heard)
    if (tries, heard) != expected or len(heard) != 1:
        sys.exit("The client does it differently now.")
P
"$folder/env/bin/python" "$folder/run.py"
