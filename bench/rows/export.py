"""An export of all hits as CSV and as lines of JSON, against psql's COPY of the same columns in the same order."""

import subprocess
import time

import orjson

from bench import pairs, processes
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage
from tracker.embedded import wheel

NAME = "export"
TARGET = 0.5
_TIMEOUT = 600.0
_COPY = """
COPY (SELECT id, created_at, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address, session_id,
             screen_resolution, language, timezone, event_name, event_data, custom_params
      FROM access_logs ORDER BY created_at, id) TO STDOUT (FORMAT csv)
"""


def measure(stage: Stage, effort: Effort) -> list[Row]:
    """Fill the tables once; each pair reads all of it by either side, into nothing."""
    stage.empty_tables()
    stage.fill_access_logs(effort.exported_hits)
    try:
        return [_row(stage, effort, format_) for format_ in ("csv", "jsonl")]
    finally:
        stage.empty_tables()


def _row(stage: Stage, effort: Effort, format_: str) -> Row:
    count = effort.exported_hits
    cpu: list[float] = []

    def ours() -> float:
        printed = orjson.loads(
            processes.printed_by(["-m", "bench.export_once", format_], environment=stage.environment, timeout=_TIMEOUT)
        )
        if printed["hits"] != count:
            raise NotMeasured(f"{printed['hits']} of {count} hits were exported")
        cpu.append(round(printed["cpu_seconds"] / count * 1e6, 2))
        return float(count / printed["seconds"])

    def baseline() -> float:
        began = time.perf_counter()
        psql = [str(wheel.postgres_bin() / "psql"), stage.environment["DATABASE_URL"], "-X", "-q", "-c", _COPY]
        subprocess.run(psql, stdout=subprocess.DEVNULL, timeout=_TIMEOUT, check=True)
        return count / (time.perf_counter() - began)

    measured = pairs.measured_in_turn(effort.rounds, ours, baseline)
    return Row(
        name=f"export as {format_}",
        value=round(measured.ratio, 3),
        unit="of psql's COPY",
        target=TARGET,
        direction="at least",
        details=measured.details("hits/s") | {"hits": count, "ours_cpu_microseconds_a_hit": cpu},
    )
