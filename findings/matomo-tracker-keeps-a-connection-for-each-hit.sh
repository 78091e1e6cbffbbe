#!/usr/bin/env bash
# matomo-tracker 2.2.4 (npm), with Node.js 20 (which keeps connections for the next request): `track` never reads the
# answer, nor says that it will not, so that its connection is free for no further hit. Each hit takes a new one, also
# with `send_image=0`, whose answer is empty, and it stays open until the server ends it: of 20 hits a second, with a
# server that waits 75 s, 1,500. `trackBulk` reads its answer and sends all of its requests over one connection.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund matomo-tracker@2.2.4
cat > run.cjs <<'J'
const http = require("http")
const MatomoTracker = require("matomo-tracker")
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds))
let made = 0
const server = http.createServer((request, answer) => request.resume().on("end", () => {
  if (request.url.includes("send_image=0")) answer.writeHead(204).end()
  else answer.writeHead(200, {"Content-Type": "image/gif", "Content-Length": 43}).end(Buffer.alloc(43))
}))
server.keepAliveTimeout = 30_000
server.on("connection", () => { made += 1 })
const open = () => new Promise(done => server.getConnections((_, count) => done(count)))
const answered = () => new Promise(done => server.once("request", (_, answer) => answer.once("close", done)))
const page = {url: "https://shop.example/"}
const run = async (name, send) => {
  const before = made
  for (let hit = 0; hit < 20; hit += 1) { const one = answered(); send(); await one; await wait(5) }
  console.log(`${name.padEnd(23)}${made - before} connections for 20 requests, one after the other`)
  return made - before
}
server.listen(0, "127.0.0.1", async () => {
  const tracker = new MatomoTracker(7, `http://127.0.0.1:${server.address().port}/matomo.php`)
  console.log(`matomo-tracker ${require("matomo-tracker/package.json").version}, Node.js ${process.version}`)
  const counts = [await run("track", () => tracker.track({...page}))]
  counts.push(await run("track, send_image=0", () => tracker.track({...page, send_image: 0})))
  const kept = await open()
  counts.push(await run("trackBulk", () => tracker.trackBulk([{...page}], () => {})))
  // Node.js's server adds a second to its time.
  await wait(35_000)
  const left = await open()
  console.log(`open after both tracks  ${kept}, and once the server has ended what was idle ${left}`)
  process.exit(`${counts}` === "20,20,1" && kept === 40 && left === 0 ? 0 : 1)
})
J
node run.cjs || { echo "The client does it differently now."; exit 1; }
