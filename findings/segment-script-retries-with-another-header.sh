#!/usr/bin/env bash
# @segment/analytics-next 1.84.3 (npm), in what it sends again: the first request has Content-Type and Authorization, a
# repetition X-Retry-Count as well, so that a server whose preflight answer lists the headers of the first request
# takes it and loses every second try. And Retry-After counts with status 429 alone: of a 503 it is not read.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund @segment/analytics-next@1.84.3
cat > run.cjs <<'J'
const root = "@segment/analytics-next/dist/cjs/plugins/segmentio/"
const {version} = require("@segment/analytics-next/package.json")
const calls = []
let status = 200
globalThis.fetch = async (url, options) => { calls.push(Object.keys(options.headers)); return new Response("", {status, headers: {"Retry-After": "7"}}) }
globalThis.window = globalThis
const {dispatch} = require(root + "fetch-dispatcher").default()
const attempt = async number => { try { await dispatch("https://x.example/v1/t", {writeKey: "k"}, number); return "taken" } catch (error) { return `${error.name}, waits ${error.retryTimeout ?? "as it likes"}` } }
;(async () => {
  await attempt(0)
  await attempt(1)
  status = 429; const limited = await attempt(0)
  status = 503; const away = await attempt(0)
  console.log(`@segment/analytics-next ${version}\nfirst try  ${calls[0]}\nsecond try ${calls[1]}\n429        ${limited}\n503        ${away}`)
  const same = !calls[0].includes("X-Retry-Count") && calls[1].includes("X-Retry-Count") && limited === "RateLimitError, waits 7000" && away === "Error, waits as it likes"
  process.exit(same ? 0 : 1)
})()
J
node run.cjs || { echo "The script does it differently now."; exit 1; }
