#!/usr/bin/env bash
# lighttpd 1.4.69 knows the specifiers of Apache's LogFormat, and means others by two of them: %q is the query without its
# question mark, so that "%U%q" writes `/a%20bc=d`, and %U keeps the percent escapes that Apache undoes. A reader that takes
# an Apache format string for both reads a wrong page. Debian 12's lighttpd.
set -euo pipefail
server=$(command -v lighttpd || echo /usr/sbin/lighttpd)
"$server" -v | grep -q '/1\.4\.69 ' || { echo 'needs lighttpd 1.4.69 (apt-get install lighttpd, Debian 12)'; exit 1; }
folder=$(mktemp -d)
trap 'kill "${process:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > lighttpd.conf <<CONF
server.modules = ("mod_accesslog")
server.document-root = "$folder"
server.bind = "127.0.0.1"
server.port = $port
accesslog.filename = "$folder/access.log"
accesslog.format = "%m \"%U%q\" \"%r\" %s"
CONF
"$server" -D -f lighttpd.conf 2> server.log &
process=$!
for _ in $(seq 100); do
    curl --silent --output answer "http://127.0.0.1:$port/a%20b?c=d" && break
    sleep 0.1
done
kill "$process" && wait "$process" || true
"$server" -v | head -1
cat access.log
grep -qxF 'GET "/a%20bc=d" "GET /a%20b?c=d HTTP/1.1" 404' access.log || { echo 'lighttpd writes other lines now'; exit 1; }
echo 'as it was: no question mark before the query, and the path with its percent escapes'
