"""The whole way's baseline: a Flask view that writes the tables itself, one transaction a request, no check.

A connection per thread is kept open. The three statements are prepared by psycopg after a few uses.
"""

import os
import threading
from datetime import UTC, datetime

import orjson
import psycopg
from flask import Flask, request

APPLICATION_ID = os.environ["BENCH_APPLICATION_ID"]

INSERT_ACCESS_LOG = """
INSERT INTO access_logs (application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address,
    session_id, screen_resolution, language, timezone, event_name, custom_params, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
"""
INSERT_VALUES = """
INSERT INTO custom_parameter_values (access_log_id, application_id, parameter_key, parameter_value, created_at)
SELECT %s, %s, key, value, %s FROM unnest(%s::text[], %s::text[]) AS given (key, value)
"""
UPSERT_SESSION = """
INSERT INTO sessions (session_id, application_id, app_id, client_sub_id, module_id, user_agent, ip_address,
    first_accessed_at, last_accessed_at, session_custom_params)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (session_id) DO UPDATE SET page_views = sessions.page_views + 1,
    last_accessed_at = excluded.last_accessed_at,
    session_custom_params = sessions.session_custom_params || excluded.session_custom_params
"""

app = Flask(__name__)
local = threading.local()


def connection() -> psycopg.Connection:
    if not hasattr(local, "connection"):
        local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    kept: psycopg.Connection = local.connection
    return kept


@app.post("/v1/track")
def track() -> dict[str, bool]:
    hit = orjson.loads(request.get_data())
    custom = hit["custom_params"]
    custom_json = orjson.dumps(custom).decode()
    agent, address, now = request.user_agent.string, request.remote_addr, datetime.now(UTC)
    kept = connection()
    with kept.transaction():
        (log_id,) = kept.execute(
            INSERT_ACCESS_LOG,
            (
                APPLICATION_ID, hit["app_id"], hit["client_sub_id"], hit["module_id"], hit["url"], hit["referrer"],
                agent, address, hit["session_id"], hit["screen_resolution"], hit["language"], hit["timezone"],
                hit["event_name"], custom_json, now,
            ),
        ).fetchone() or (None,)  # fmt: skip
        kept.execute(
            INSERT_VALUES, (log_id, APPLICATION_ID, now, list(custom), [str(value) for value in custom.values()])
        )
        kept.execute(
            UPSERT_SESSION,
            (
                hit["session_id"], APPLICATION_ID, hit["app_id"], hit["client_sub_id"], hit["module_id"],
                agent, address, now, now, custom_json,
            ),
        )  # fmt: skip
    return {"success": True}
