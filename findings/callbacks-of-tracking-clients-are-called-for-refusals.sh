#!/usr/bin/env bash
# plausible-tracker 0.3.9 (npm): its types say of the callback that it is "called when the event is successfully sent".
# It is called as well after 400, after 503 and where there was no answer at all, each time without an argument: a page
# that follows a link then, or counts what it has sent, hears nothing of a loss. matomo-tracker 2.2.4 (npm) calls the
# callback of trackBulk with whatever body came, also that of 503; the status is told to listeners of `error` alone.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund plausible-tracker@0.3.9 matomo-tracker@2.2.4
cat > run.cjs <<'J'
const http = require("http")
const {readFileSync} = require("fs")
let status = 202
const server = http.createServer((request, answer) => request.resume().on("end", () => answer.writeHead(status).end(`body of ${status}`)))
server.listen(0, "127.0.0.1", async () => {
  const base = `http://127.0.0.1:${server.address().port}`
  // What the client uses of a browser: states 1 to 4, the last one after an answer and after a failure alike.
  globalThis.location = {hostname: "shop.example", protocol: "https:", href: "https://shop.example/"}
  globalThis.document = {referrer: ""}
  globalThis.window = {localStorage: {}, innerWidth: 1000}
  globalThis.XMLHttpRequest = class {
    open(method, url) { this.call = [url, {method}] }
    setRequestHeader() {}
    send(body) { fetch(this.call[0], {...this.call[1], body}).then(answer => { this.status = answer.status }, () => { this.status = 0 }).then(() => { this.readyState = 4; this.onreadystatechange() }) }
  }
  const Plausible = require("plausible-tracker").default
  const call = apiHost => new Promise(done => Plausible({domain: "shop.example", apiHost}).trackEvent("signup", {callback: (...told) => done(`called with ${told.length} arguments`)}))
  const version = name => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version
  const promised = readFileSync("node_modules/plausible-tracker/build/main/lib/request.d.ts", "utf8").match(/Callback called when.*/)[0]
  console.log(`plausible-tracker ${version("plausible-tracker")}: "${promised}"`)
  const heard = []
  for (status of [202, 400, 503]) { heard.push(await call(base)); console.log(`  ${status}        ${heard.at(-1)}`) }
  // A port that was just closed; Node.js's fetch refuses low ones such as 9 without asking.
  const closed = await new Promise(done => { const other = http.createServer().listen(0, "127.0.0.1", () => { const {port} = other.address(); other.close(() => done(port)) }) })
  heard.push(await call(`http://127.0.0.1:${closed}`)); console.log(`  no answer  ${heard.at(-1)}`)
  const MatomoTracker = require("matomo-tracker")
  const told = await new Promise(done => new MatomoTracker(7, `${base}/matomo.php`).trackBulk([{url: "https://shop.example/"}], done))
  console.log(`matomo-tracker ${version("matomo-tracker")}, trackBulk\n  503        called with "${told}"`)
  const same = heard.every(one => one === "called with 0 arguments") && told === "body of 503" && promised.includes("successfully sent")
  process.exit(same ? 0 : 1)
})
J
node run.cjs || { echo "The clients do it differently now."; exit 1; }
