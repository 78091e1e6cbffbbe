"""The baseline of folding: one pass over the same hits with the numbers that anybody would write first.

It counts requests, visitors and sessions by hour, and leaves out what folding does besides: days, parameters, and
remembering what was counted.
"""

TABLE = """
CREATE TABLE IF NOT EXISTS bench_hours (
    application_id UUID, hour TIMESTAMPTZ, total_requests BIGINT, unique_visitors BIGINT, unique_sessions BIGINT
)
"""
PASS = """
INSERT INTO bench_hours
SELECT application_id, date_trunc('hour', created_at), count(*),
       count(DISTINCT coalesce(client_sub_id, host(ip_address) || user_agent)), count(DISTINCT session_id)
FROM access_logs
GROUP BY application_id, date_trunc('hour', created_at)
"""
