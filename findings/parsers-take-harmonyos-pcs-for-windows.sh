#!/usr/bin/env bash
# Huawei's browser on a PC with HarmonyOS adds "Windows NT 10.0" to its user agent, behind the name of its own system.
# ua-parser 1.0.2 with the rules of 202610 (PyPI), ua-parser-js 2.0.10 and detect-browser 5.3.0 (npm) report Windows.
# Of phones and tablets with HarmonyOS ua-parser and detect-browser report no system, ua-parser-js OpenHarmony.
# The PC's user agent is one of the test data of device-detector 6.5.1 (PyPI); the others are the default of ArkWeb.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check ua-parser==1.0.2 ua-parser-builtins==202610
npm install --silent --no-audit --no-fund ua-parser-js@2.0.10 detect-browser@5.3.0 >/dev/null
cat > agents.json <<'J'
{
 "PC": "Mozilla/5.0 (PC; OpenHarmony 6.1; Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36 ArkWeb/6.1.0.100 HuaweiBrowser/6.1.3.321",
 "phone": "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile",
 "tablet": "Mozilla/5.0 (Tablet; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1"
}
J
env/bin/python - > seen.txt <<'P'
import json
from ua_parser import parse_os
systems = {name: parse_os(agent) for name, agent in json.load(open("agents.json")).items()}
print("ua-parser:", *(f"{name} {system.family if system else None}" for name, system in systems.items()))
P
node -e '
const agents = Object.entries(require("./agents.json"))
const { UAParser } = require("ua-parser-js")
const { detectOS } = require("detect-browser")
console.log("ua-parser-js:", ...agents.map(([name, agent]) => `${name} ${UAParser(agent).os.name}`))
console.log("detect-browser:", ...agents.map(([name, agent]) => `${name} ${detectOS(agent)}`))
' >> seen.txt
cat seen.txt
diff seen.txt - <<'T' || { echo "They report other systems now."; exit 1; }
ua-parser: PC Windows phone None tablet None
ua-parser-js: PC Windows phone OpenHarmony tablet OpenHarmony
detect-browser: PC Windows 10 phone null tablet null
T
