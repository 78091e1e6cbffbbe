"""The worker's baseline: psycopg writes rows that are already parsed, COPY and one upsert, one commit per 100.

`python -m bench.baselines.bare_copy HITS FIRST` makes the rows beforehand, writes them and prints as JSON how long
the writing took, connecting included.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from bench import hits
from tracker.hit import Hit

BATCH = 100

COPY_ACCESS_LOGS = """
COPY access_logs (id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address,
    session_id, screen_resolution, language, timezone, event_name, custom_params, created_at) FROM STDIN
"""
COPY_VALUES = """
COPY custom_parameter_values (access_log_id, application_id, parameter_key, parameter_value, created_at) FROM STDIN
"""
UPSERT_SESSIONS = """
INSERT INTO sessions (session_id, application_id, app_id, client_sub_id, module_id, user_agent, ip_address,
    first_accessed_at, last_accessed_at, page_views, session_custom_params)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS seen (session_id TEXT, application_id UUID, app_id TEXT,
    client_sub_id TEXT, module_id TEXT, user_agent TEXT, ip_address INET, first_accessed_at TIMESTAMPTZ,
    last_accessed_at TIMESTAMPTZ, page_views INTEGER, session_custom_params JSONB)
ON CONFLICT (session_id) DO UPDATE SET page_views = sessions.page_views + excluded.page_views,
    last_accessed_at = excluded.last_accessed_at,
    session_custom_params = sessions.session_custom_params || excluded.session_custom_params
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one commit, in the order of their columns."""

    access_logs: Sequence[tuple[Any, ...]]
    values: Sequence[tuple[Any, ...]]
    sessions: Sequence[dict[str, Any]]


def batch_of(batch: Sequence[Hit]) -> Batch:
    access_logs: list[tuple[Any, ...]] = []
    values: list[tuple[Any, ...]] = []
    sessions: dict[str, dict[str, Any]] = {}
    for hit in batch:
        custom = orjson.dumps(hit.custom_params).decode()
        who = (hit.application_id, hit.app_id, hit.client_sub_id, hit.module_id)
        access_logs.append(
            (
                hit.id, *who, hit.url, hit.referrer, hit.user_agent, hit.ip_address, hit.session_id,
                hit.screen_resolution, hit.language, hit.timezone, hit.event_name, custom, hit.created_at,
            )
        )  # fmt: skip
        values.extend(
            (hit.id, hit.application_id, key, str(value), hit.created_at)
            for key, value in (hit.custom_params or {}).items()
        )
        session = sessions.setdefault(hit.session_id or "", _session(hit))
        session["last_accessed_at"] = hit.created_at
        session["page_views"] += 1
        session["session_custom_params"] = hit.custom_params
    return Batch(access_logs, values, list(sessions.values()))


def _session(hit: Hit) -> dict[str, Any]:
    return {
        "session_id": hit.session_id,
        "application_id": hit.application_id,
        "app_id": hit.app_id,
        "client_sub_id": hit.client_sub_id,
        "module_id": hit.module_id,
        "user_agent": hit.user_agent,
        "ip_address": hit.ip_address,
        "first_accessed_at": hit.created_at,
        "page_views": 0,
    }


def write(batches: Sequence[Batch], url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for batch in batches:
            with connection.transaction(), connection.cursor() as cursor:
                for statement, rows in ((COPY_ACCESS_LOGS, batch.access_logs), (COPY_VALUES, batch.values)):
                    with cursor.copy(statement) as copy:
                        for row in rows:
                            copy.write_row(row)
                cursor.execute(UPSERT_SESSIONS, (orjson.dumps(batch.sessions).decode(),))


def main() -> None:
    count, first = int(sys.argv[1]), int(sys.argv[2])
    made = list(hits.accepted(count, first, os.environ["BENCH_APPLICATION_ID"]))
    batches = [batch_of(made[at : at + BATCH]) for at in range(0, count, BATCH)]
    began = time.perf_counter()
    write(batches, os.environ["DATABASE_URL"])
    print(orjson.dumps({"seconds": time.perf_counter() - began}).decode())


if __name__ == "__main__":
    main()
