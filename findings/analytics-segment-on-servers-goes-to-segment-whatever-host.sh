#!/usr/bin/env bash
# @analytics/segment 2.1.0 (npm), the plugin of "analytics", on a server: it documents `host`, "the base URL of the API",
# and hands its options over as one object to analytics-node, which wants the key first. So every call goes to
# api.segment.io, whatever `host` says, with the key "[object Object]", and nothing comes to the server that was given.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund analytics@0.8.19 @analytics/segment@2.1.0 analytics-node@6.2.0
cat > run.cjs <<'J'
const http = require("http"), https = require("https")
const foreign = []
https.request = options => {
  // Nothing leaves this machine: where it would go is all that is wanted.
  const {authorization = ""} = Object.fromEntries(Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value]))
  const pair = options.auth ?? Buffer.from(authorization.replace("Basic ", ""), "base64").toString()
  foreign.push([options.hostname, pair])
  const request = new (require("stream").Writable)({write(chunk, encoding, done) { done() }})
  setImmediate(() => request.emit("error", Object.assign(new Error("not here"), {code: "ERR_NOT_HERE"})))
  request.setTimeout = request.abort = request.setHeader = request.setNoDelay = request.setSocketKeepAlive = () => {}
  return request
}
process.on("unhandledRejection", () => {})
let arrived = 0
const server = http.createServer((request, response) => { arrived++; request.resume(); response.end("{}") })
server.listen(0, "127.0.0.1", () => {
  const {Analytics} = require("analytics"), plugin = require("@analytics/segment")
  const host = `http://127.0.0.1:${server.address().port}`
  const analytics = Analytics({app: "shop", plugins: [(plugin.default ?? plugin)({writeKey: "their-key", host})]})
  analytics.track("signup", {plan: "pro"}, {userId: "u1"})
  setTimeout(() => {
    const version = name => `${name} ${require(`./node_modules/${name}/package.json`).version}`
    console.log([version("analytics"), version("@analytics/segment"), version("analytics-node")].join(", "))
    console.log(`host: ${host}\nrequests there: ${arrived}\nrequests elsewhere: ${JSON.stringify(foreign[0])}`)
    const as_said = arrived === 0 && foreign.length > 0 && foreign[0][0] === "api.segment.io" && foreign[0][1].startsWith("[object Object]")
    if (!as_said) console.log("The plugin does it differently now.")
    process.exit(as_said ? 0 : 1)
  }, 3000)
})
J
node run.cjs
