#!/usr/bin/env bash
# maxmind 5.0.7 (npm, with mmdb-lib 3.0.3) looks an IPv6 address up in a database of IPv4 addresses by its first 32 bits,
# as if they were an IPv4 address, and says some country: of 2a00:1450:4001::1 that of 42.0.20.80. Of an IPv4 address as
# Node.js names it where it listens on both (::ffff:8.8.8.8) it says nothing, with any database, and nor does fast-geoip
# 1.1.88 (npm). maxminddb 3.2.0 (PyPI) refuses the first with a ValueError. The databases are those of
# @ip-location-db/geo-whois-asn-country-mmdb 2.3.2026061719 (npm).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund maxmind@5.0.7 mmdb-lib@3.0.3 fast-geoip@1.1.88 \
    @ip-location-db/geo-whois-asn-country-mmdb@2.3.2026061719
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check maxminddb==3.2.0
cat > run.cjs <<'J'
const fs = require("fs"), {Reader} = require("maxmind"), fast = require("fast-geoip")
const folder = "node_modules/@ip-location-db/geo-whois-asn-country-mmdb/"
const open = name => new Reader(fs.readFileSync(`${folder}geo-whois-asn-country${name}.mmdb`))
const country = answer => answer ? answer.country_code || answer.country : "none"
const four = open("-ipv4"), both = open("")
console.log("IPv4 database:", ["2a00:1450:4001::1", "42.0.20.80"].map(address => country(four.get(address))).join(" "))
console.log("whole database:", ["2a00:1450:4001::1", "8.8.8.8", "::ffff:8.8.8.8"].map(address => country(both.get(address))).join(" "))
;(async () => {
  const answers = [await fast.lookup("8.8.8.8"), await fast.lookup("::ffff:8.8.8.8")]
  console.log("fast-geoip:", answers.map(country).join(" "))
})()
J
node run.cjs > seen.txt
env/bin/python - >> seen.txt <<'P'
import maxminddb

folder = "node_modules/@ip-location-db/geo-whois-asn-country-mmdb/"
with maxminddb.open_database(f"{folder}geo-whois-asn-country-ipv4.mmdb") as database:
    try:
        print("maxminddb:", database.get("2a00:1450:4001::1"))
    except ValueError as error:
        print("maxminddb:", error)
P
cat seen.txt
cat > expected.txt <<'E'
IPv4 database: CN CN
whole database: IE US none
fast-geoip: US none
E
head -3 seen.txt | diff expected.txt - || { echo 'these libraries answer otherwise now'; exit 1; }
grep -q '^maxminddb: Error looking up 2a00:1450:4001::1' seen.txt || { echo 'maxminddb answers otherwise now'; exit 1; }
echo 'as it was: an IPv6 address has the country of its first 32 bits, and a mapped IPv4 address none'
