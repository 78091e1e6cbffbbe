#!/usr/bin/env bash
# umami 2.10.0 (npm): its script for pages tells a path that is percent-encoded already by encodeURI, and the title by
# encodeURIComponent. A collector that stores what it gets has /a%2520b for /a%20b; one that decodes everything spoils
# what version 3 of the same script sends, which encodes neither.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm pack --silent umami@2.10.0 >/dev/null
tar xzf umami-2.10.0.tgz package/src/tracker/index.js package/package.json
node -p '"umami " + require("./package/package.json").version'
cat > run.cjs <<'J'
const source = require("fs").readFileSync("package/src/tracker/index.js", "utf8")
const sent = []
const location = {hostname: "shop.example", pathname: "/a%20b", search: "?q=%E3%81%82"}
const currentScript = {getAttribute: name => ({"data-website-id": "1", "data-host-url": "https://x.example"})[name] ?? null, src: "https://x.example/script.js"}
const document = {currentScript, title: "100 % あ", referrer: "", readyState: "complete", addEventListener() {}, querySelector: () => null}
const window = {screen: {width: 1, height: 1}, navigator: {language: "ja"}, location, document, history: {}, localStorage: null}
const fetch = async (url, options) => { sent.push(JSON.parse(options.body).payload); return {text: async () => "{}"} }
globalThis.MutationObserver = class { observe() {} }
new Function("window", "document", "location", "history", "localStorage", "fetch", source)(window, document, location, {}, null, fetch)
setTimeout(() => {
  const {url, title} = sent[0]
  console.log("page    /a%20b?q=%E3%81%82\nsent   ", url, "\ntitle  ", title)
  process.exit(url === "/a%2520b?q=%25E3%2581%2582" && title === "100%20%25%20%E3%81%82" ? 0 : 1)
}, 200)
J
node run.cjs || { echo "The script does it differently now."; exit 1; }
