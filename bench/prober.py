"""Sends a marked hit every 20 ms and looks every 10 ms which of them another connection can see.

`python -m bench.prober PORT SECONDS` prints as JSON the seconds from just before a hit was sent until it was first
seen, and by how much the 10 ms timer came back late. What it reports is up to 10 ms too long, never too short.
"""

import http.client
import os
import sys
import time
from datetime import UTC, datetime

import orjson
import psycopg

from bench import hits
from bench.errors import NotMeasured

_STEP_SECONDS = 0.01
_PROBE_SECONDS = 0.02
_LAST_WAIT_SECONDS = 30.0
_MARK = "probe-"

_SEEN = """
SELECT client_sub_id FROM access_logs WHERE client_sub_id = ANY(%s) AND created_at >= %s
"""


def main() -> None:
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    waits: list[float] = []
    late: list[float] = []
    outstanding: dict[str, float] = {}
    started_at = datetime.now(UTC)
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        begin = next_probe = time.perf_counter()
        number = 0
        while (now := time.perf_counter()) < begin + seconds or outstanding:
            if now > begin + seconds + _LAST_WAIT_SECONDS:
                raise NotMeasured(f"{len(outstanding)} probes were never stored")
            if now >= next_probe and now < begin + seconds:
                name = f"{_MARK}{number}"
                outstanding[name] = now
                _send(server, name, number)
                number += 1
                next_probe += _PROBE_SECONDS
            if outstanding:
                visible = connection.execute(_SEEN, (list(outstanding), started_at)).fetchall()
                seen_at = time.perf_counter()
                waits.extend(seen_at - outstanding.pop(name) for (name,) in visible)
            began = time.perf_counter()
            time.sleep(_STEP_SECONDS)
            late.append(time.perf_counter() - began - _STEP_SECONDS)
    print(orjson.dumps({"seconds": waits, "timer_late_seconds": late}).decode())


def _send(server: http.client.HTTPConnection, name: str, number: int) -> None:
    body = orjson.dumps(hits.payload(number) | {"client_sub_id": name, "session_id": name})
    server.request("POST", "/v1/track", body, {"Content-Type": "application/json"})
    answer = server.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise NotMeasured(f"a probe was answered {answer.status}: {text[:300]!r}")


if __name__ == "__main__":
    main()
