#!/usr/bin/env bash
# civetweb 1.15 (Debian 12) has an access log that resembles the combined format and is none: referrer and user agent
# stand there without quotes, so that nobody can tell where the one ends and the other begins, and the path has lost its
# percent escapes, blanks included. A reader of the combined format refuses each line; one of the common format knows no
# program, and so no bot.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${process:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download civetweb=1.15+dfsg-4 libcivetweb1=1.15+dfsg-4 > fetched.txt 2>&1 || { cat fetched.txt; exit 1; }
for package in ./*.deb; do dpkg-deb --extract "$package" .; done
mkdir pages
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
LD_LIBRARY_PATH=$(dirname "$(find usr -name 'libcivetweb.so.1' | head -1)") usr/bin/civetweb \
    -document_root "$folder/pages" -listening_ports "127.0.0.1:$port" -access_log_file "$folder/access.log" > server.log 2>&1 &
process=$!
for _ in $(seq 100); do
    curl --silent --output answer --user-agent 'Mozilla/5.0 (X11)' --referer 'https://shop.example/' \
        "http://127.0.0.1:$port/a%20b?c=d%20e" && break
    sleep 0.1
done
for _ in $(seq 50); do [ -s access.log ] && break; sleep 0.1; done
head -1 server.log
cat access.log
pattern='^127\.0\.0\.1 - - \[[^]]+\] "GET /a b\?c=d%20e HTTP/1\.1" 404 [0-9]+ https://shop\.example/ Mozilla/5\.0 \(X11\)$'
grep -qE "$pattern" access.log || { echo 'civetweb writes other lines now'; exit 1; }
echo 'as it was: no quotes around the headers, and a blank in the path'
