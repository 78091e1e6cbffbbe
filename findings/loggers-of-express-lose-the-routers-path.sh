#!/usr/bin/env bash
# access-log 0.4.1 and express-requests-logger 4.0.3 (npm), with Express 5.2.1: where a router answered below a path, what
# they log as the URL lacks that path, since Express takes it off request.url while the router works and they read it then.
# The page /shop/item stands there as /item, one with that of every other router, and the same log has whole paths of what
# the application answers itself. morgan 1.12.1 (npm), in the same application, reads request.originalUrl.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund express@5.2.1 access-log@0.4.1 express-requests-logger@4.0.3 morgan@1.12.1
cat > run.cjs <<'J'
const express = require("express"), http = require("http")
const seen = {}
const note = (name, text) => (seen[name] = [...(seen[name] || []), text])
const app = express()
app.use(require("morgan")(":url", {stream: {write: line => note("morgan", line.trim())}}))
app.use((request, response, next) => {
  require("access-log")(request, response, ":url", line => note("access-log", line))
  next()
})
const logger = {info: ({request}) => note("express-requests-logger", request.url), warn() {}, error() {}}
app.use(require("express-requests-logger")({logger}))
const shop = express.Router()
shop.get("/item", (request, response) => response.send("ok"))
app.use("/shop", shop)
app.get("/about", (request, response) => response.send("ok"))
const server = app.listen(0, async () => {
  for (const path of ["/shop/item?a=1", "/about"])
    await new Promise(done => http.get({port: server.address().port, path}, answer => answer.resume().on("end", done)))
  setTimeout(() => {
    for (const name of Object.keys(seen).sort()) console.log(name, ...seen[name])
    server.close()
  }, 200)
})
J
node run.cjs > seen.txt
cat seen.txt
diff - seen.txt <<'E' || { echo 'they log otherwise now'; exit 1; }
access-log /item?a=1 /about
express-requests-logger /item?a=1 /about
morgan /shop/item?a=1 /about
E
echo 'as it was: the path of the router is missing from what two of three log'
