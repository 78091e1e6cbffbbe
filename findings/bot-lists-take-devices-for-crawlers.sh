#!/usr/bin/env bash
# crawlerdetect 0.4.2 (PyPI) and isbot 5.2.3 (npm) look for words of crawlers anywhere in a user agent, also where it
# names a device: phones and tablets called OPPO A33, C Bot, M bot or Spider, a smart speaker, and the browser of many
# televisions ("CE-HTML/1.0;" in front of Mozilla/5.0) count as bots, and their owners' visits as nobody's.
# The user agents are those of the test data of device-detector 6.5.1 (PyPI), which has them as browsers of people.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-deps crawlerdetect==0.4.2
npm install --silent --no-audit --no-fund isbot@5.2.3 >/dev/null
cat > agents.json <<'J'
{
 "OPPO A33": "Mozilla/5.0 (Linux; Android 5.1.1; OPPO A33m) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/95.0.4638.74 Mobile Safari/537.36",
 "C Bot tablet": "Mozilla/5.0 (Linux; Android 7.0; C Bot Tab 70) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36",
 "Spider tablet": "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
 "smart speaker": "Mozilla/5.0 (Linux; arm; Android 9; yandexstation_2 Build/PPR1.180610.011; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/118.0.5993.550 Mobile Safari/537.36",
 "M bot phone": "Mozilla/5.0 (Linux; Android 7.0; M bot 54) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.96 Mobile Safari/537.36",
 "Discovery phone": "Mozilla/5.0 (Linux; Android 14; DISCOVERY_2_ME) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36",
 "television": "Zeasn/2.0 NETTV/4.5.0 Mozilla/5.0 (Linux;CE-HTML/1.0;U;en), Chrome/49.0.2623.87 Safari/537.36 AppleWebKit 537.36 (KHTML, like Gecko) Tbrowser/2.0, _TV_UNKONWN/V8-S586T05-LF1V020",
 "a usual phone": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36"
}
J
env/bin/python - > python.txt <<'P'
import json
from crawlerdetect import CrawlerDetect
print(*(name for name, agent in json.load(open("agents.json")).items() if CrawlerDetect().is_crawler(agent)), sep=", ")
P
node -e '
const {isbot} = require("isbot")
console.log(Object.entries(require("./agents.json")).filter(([, agent]) => isbot(agent)).map(([name]) => name).join(", "))
' > node.txt
echo "crawlerdetect 0.4.2 takes for crawlers: $(cat python.txt)"
echo "isbot 5.2.3 takes for bots: $(cat node.txt)"
[ "$(cat python.txt)" = "OPPO A33, C Bot tablet, Spider tablet, smart speaker" ] &&
    [ "$(cat node.txt)" = "C Bot tablet, Spider tablet, M bot phone, Discovery phone, television" ] ||
    { echo "They judge otherwise now."; exit 1; }
