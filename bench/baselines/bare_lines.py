"""The import's baseline: psycopg writes rows that are there as COPY has them, a hundred a statement.

`python -m bench.baselines.bare_lines FILE` prints as JSON how long the writing took, connecting included. The file is
what COPY wrote of the columns below.
"""

import os
import sys
import time
from pathlib import Path

import orjson
import psycopg

BATCH = 100
COLUMNS = (
    "id, application_id, app_id, url, referrer, user_agent, ip_address, event_name, event_data, custom_params"
    ", created_at"
)
_COPY = f"COPY access_logs ({COLUMNS}) FROM STDIN"


def main() -> None:
    rows = Path(sys.argv[1]).read_bytes().splitlines(keepends=True)
    batches = [b"".join(rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]
    del rows
    began = time.perf_counter()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection, connection.cursor() as cursor:
        for batch in batches:
            with cursor.copy(_COPY) as copy:
                copy.write(batch)
    print(orjson.dumps({"seconds": time.perf_counter() - began}).decode())


if __name__ == "__main__":
    main()
