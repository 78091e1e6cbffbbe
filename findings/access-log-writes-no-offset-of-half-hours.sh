#!/usr/bin/env bash
# access-log 0.4.1 (npm) writes the common and the combined format with an offset that is none where the zone has half or
# quarter hours: +5.5-30 for India, +5.75-45 for Nepal, -3.530 for Newfoundland in winter. No reader takes such a
# time, so that all lines of servers there are lost. In zones of whole hours it is right.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund access-log@0.4.1
cat > run.cjs <<'J'
const http = require("http")
// A day of winter, whenever this runs: the zone of Newfoundland changes with summer time.
const Real = Date
globalThis.Date = class extends Real { constructor(...given) { super(...(given.length ? given : [Real.UTC(2026, 10, 29, 10, 5, 3)])) } }
const server = http.createServer((request, response) => {
  require("access-log")(request, response, ":clfDate", line => console.log(process.env.TZ, line))
  response.end("ok")
})
server.listen(0, () => http.get({port: server.address().port}, answer => answer.resume().on("end", () => setTimeout(() => server.close(), 100))))
J
for zone in Asia/Kolkata Asia/Kathmandu America/St_Johns Asia/Tokyo; do TZ=$zone node run.cjs; done > seen.txt
cat seen.txt
diff - seen.txt <<'E' || { echo 'access-log writes other times now'; exit 1; }
Asia/Kolkata 29/Nov/2026:15:35:03 +5.5-30
Asia/Kathmandu 29/Nov/2026:15:50:03 +5.75-45
America/St_Johns 29/Nov/2026:06:35:03 -3.530
Asia/Tokyo 29/Nov/2026:19:05:03 +0900
E
echo 'as it was: offsets of zones without whole hours are no offsets'
