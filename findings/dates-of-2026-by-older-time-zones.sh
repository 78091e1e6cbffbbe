#!/usr/bin/env bash
# Vancouver's clocks were not set back in November 2026 (tz database 2026f). polars 2.1.0 (PyPI) and @js-joda/timezone
# 2.25.2 (npm) bring rules of their own that do not know it and ask neither the machine nor the package tzdata, however
# new these are: a hit of 00:30 counts for the day before. moment-timezone 0.6.6 (npm) and Python's zoneinfo with tzdata
# 2026.6 (PyPI), in the same environment, know it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check polars==2.1.0 tzdata==2026.6
npm install --silent --no-audit --no-fund moment-timezone@0.6.6 @js-joda/core@6.3.2 @js-joda/timezone@2.25.2 >/dev/null
# An empty path has Python read the package tzdata, whatever the machine has.
PYTHONTZPATH='' env/bin/python - > seen.txt <<'P'
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars

hit = datetime(2026, 12, 15, 7, 30, tzinfo=UTC)
of_polars = polars.Series([hit]).dt.convert_time_zone("America/Vancouver")
print("zoneinfo       ", f"{hit.astimezone(ZoneInfo('America/Vancouver')):%F %R}")
print("polars         ", of_polars.dt.strftime("%F %R")[0], "of the day", of_polars.dt.date()[0])
P
node -e '
const moment = require("moment-timezone")
const { Instant, ZoneId } = require("@js-joda/core")
require("@js-joda/timezone")
const hit = "2026-12-15T07:30:00Z"
console.log("moment-timezone", moment.utc(hit).tz("America/Vancouver").format("YYYY-MM-DD HH:mm"))
console.log("js-joda        ", Instant.parse(hit).atZone(ZoneId.of("America/Vancouver")).toLocalDateTime().toString().replace("T", " "))
' >> seen.txt
cat seen.txt
diff seen.txt - <<'T' || { echo "They say otherwise now."; exit 1; }
zoneinfo        2026-12-15 00:30
polars          2026-12-14 23:30 of the day 2026-12-14
moment-timezone 2026-12-15 00:30
js-joda         2026-12-14 23:30
T
