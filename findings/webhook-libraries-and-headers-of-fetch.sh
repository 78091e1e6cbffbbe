#!/usr/bin/env bash
# standardwebhooks 1.1.1 and svix 1.99.1 (npm) find no header in a `Headers`, which is what Request.headers is in Node.js,
# Next.js, Deno, Bun and workers: each rightly signed webhook is refused ("Missing required headers"), and its sender
# tries again until it gives up. An object made of the same headers is taken. Of the same vendor's library in Python,
# svix 2.9.1 (PyPI), `verify` returns None where that of npm, and standardwebhooks 1.1.0 (PyPI), return the event.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0 svix==2.9.1
npm install --silent --no-audit --no-fund standardwebhooks@1.1.1 svix@1.99.1 >/dev/null
env/bin/python - > seen.txt <<'P'
import base64, json
from datetime import UTC, datetime

import standardwebhooks
from svix.webhooks import Webhook

secret, body, now = "whsec_" + base64.b64encode(b"0" * 24).decode(), '{"type": "signup"}', datetime.now(UTC)
signature = standardwebhooks.Webhook(secret).sign("msg_1", now, body)
headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
json.dump([secret, body, headers], open("webhook.json", "w"))
print("PyPI standardwebhooks:", standardwebhooks.Webhook(secret).verify(body, headers))
print("PyPI svix:", Webhook(secret).verify(body, headers))
P
node -e '
const [secret, body, sent] = require("./webhook.json")
for (const name of ["standardwebhooks", "svix"]) {
  const webhook = new (require(name).Webhook)(secret)
  const { headers } = new Request("https://shop.example/", { method: "POST", body, headers: sent })
  for (const [what, given] of [["Headers", headers], ["object", Object.fromEntries(headers)]]) {
    try { console.log(`npm ${name}, ${what}:`, webhook.verify(body, given)) }
    catch (error) { console.log(`npm ${name}, ${what}:`, error.message) }
  }
}
' >> seen.txt
cat seen.txt
diff seen.txt - <<'T' || { echo "They do otherwise now."; exit 1; }
PyPI standardwebhooks: {'type': 'signup'}
PyPI svix: None
npm standardwebhooks, Headers: Missing required headers
npm standardwebhooks, object: { type: 'signup' }
npm svix, Headers: Missing required headers
npm svix, object: { type: 'signup' }
T
