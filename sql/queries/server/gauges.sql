-- What one look tells of how the work goes on: each number costs the same however much is stored.
SELECT (SELECT extract(epoch FROM clock_timestamp() - min(received_at))
          FROM (SELECT received_at FROM statistics_increments ORDER BY id LIMIT 1000) AS oldest)::float8 AS statistics_lag,
       (SELECT count(*) FROM (SELECT FROM batch_queue WHERE status = 'failed' LIMIT 100001) AS failed)::int AS failed,
       (SELECT count(*) FROM (SELECT FROM batch_queue WHERE status = 'queued' LIMIT 100001) AS queued)::int AS queued,
       (SELECT count(*) FROM webhooks WHERE is_active)::int AS webhooks_active,
       (SELECT count(*) FROM webhooks WHERE NOT is_active)::int AS webhooks_inactive,
       (SELECT count(*) FROM webhooks WHERE backlog_full_since IS NOT NULL)::int AS webhooks_full,
       (SELECT count(*) FROM deletion_refusals)::int AS deletion_refusals,
       (SELECT count(*) FROM leases WHERE name = %(lease)s AND expires_at >= clock_timestamp())::int AS schedulers,
       (SELECT numbackends FROM pg_stat_database WHERE datname = current_database()) AS connections,
       current_setting('max_connections')::int AS max_connections
