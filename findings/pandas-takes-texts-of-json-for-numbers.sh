#!/usr/bin/env bash
# pandas 3.1.1 (PyPI) takes texts of JSON for numbers where all texts of a field look like some: `read_json(lines=True)`
# gives 45 for "00045", and beside a null floats of 64 bits, in which ids of different people become the same: two
# visitors in the place of three. `dtype=False` leaves them as they are. DuckDB 2.0.1 (PyPI) does so by itself.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pandas==3.1.1 duckdb==2.0.1
cat > hits.jsonl <<'J'
{"client_sub_id":"00045"}
{"client_sub_id":"9007199254740992"}
{"client_sub_id":"9007199254740993"}
{"client_sub_id":null}
J
env/bin/python - > seen.txt <<'P'
import duckdb
import pandas

for name, options in (("pandas", {}), ("pandas, dtype=False", {"dtype": False})):
    ids = pandas.read_json("hits.jsonl", lines=True, **options)["client_sub_id"]
    print(f"{name:20}{ids.nunique()} visitors:", ", ".join(map(repr, ids.dropna().tolist())))
ids = [row[0] for row in duckdb.sql("SELECT client_sub_id FROM 'hits.jsonl' WHERE client_sub_id IS NOT NULL").fetchall()]
print(f"{'DuckDB':20}{len(set(ids))} visitors:", ", ".join(map(repr, ids)))
P
cat seen.txt
diff seen.txt - <<'T' || { echo "They say otherwise now."; exit 1; }
pandas              2 visitors: 45.0, 9007199254740992.0, 9007199254740992.0
pandas, dtype=False 3 visitors: '00045', '9007199254740992', '9007199254740993'
DuckDB              3 visitors: '00045', '9007199254740992', '9007199254740993'
T
