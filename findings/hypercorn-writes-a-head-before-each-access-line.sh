#!/usr/bin/env bash
# hypercorn 0.18.0 puts its logger's head before each line of an access log that goes to a file, so that no line of the
# "combined" kind begins with the address; it writes `1.1` for `HTTP/1.1`, no query, and quotes of a header as they came.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet hypercorn==0.18.0
cat > app.py <<'APP'
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
APP
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/hypercorn --bind "127.0.0.1:$port" --access-logfile access.log app:app > server.log 2>&1 &
server=$!
for _ in $(seq 100); do
    curl --silent --user-agent 'a "b" c' "http://127.0.0.1:$port/page?a=1" > answer 2>/dev/null && break
    sleep 0.1
done
for _ in $(seq 50); do [ -s access.log ] && break; sleep 0.1; done
venv/bin/hypercorn --version 2>/dev/null || venv/bin/pip show hypercorn | sed -n 2p
cat access.log
pattern='^\[[^]]+\] \[[0-9]+\] \[INFO\] 127\.0\.0\.1:[0-9]+ - - \[[^]]+\] "GET /page 1\.1" 200 2 "-" "a "b" c"$'
grep -qE "$pattern" access.log || { echo 'hypercorn writes other lines now'; exit 1; }
echo 'as it was: a head before the line, no HTTP/, no query, quotes not escaped'
