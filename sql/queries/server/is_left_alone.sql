-- Whether no session of this role works in a transaction of an age, as the one that a pooler chose for a client would.
-- What waits for its client in such a transaction, under the client's name, is ended where that is asked for. The
-- question may have waited in the pooler itself, for up to `asked_within`: a transaction is older than reckoned by that.
WITH others AS (
    SELECT pid, application_name,
           wait_event IS NOT DISTINCT FROM 'ClientRead' AS waits,
           state = 'idle in transaction' AND state_change < clock_timestamp() - %(waits_for)s * INTERVAL '1 s' AS is_idle,
           coalesce(extract(EPOCH FROM clock_timestamp() - least(xact_start, query_start)), %(oldest)s) AS age
      FROM pg_stat_activity
     WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()
       AND coalesce(state, 'disabled') <> 'idle'
), candidates AS (
    SELECT * FROM others WHERE age BETWEEN %(youngest)s AND %(oldest)s + %(asked_within)s
), ended AS (
    SELECT pg_terminate_backend(pid) AS was_there
      FROM candidates
     WHERE %(end)s AND waits AND is_idle AND age <= %(oldest)s
       AND starts_with(application_name, current_setting('application_name'))
       AND NOT EXISTS (SELECT FROM candidates WHERE NOT waits)
)
SELECT NOT pg_is_in_recovery() AND NOT EXISTS (SELECT FROM candidates WHERE NOT waits) AS is_left_alone,
       (SELECT count(*) FROM ended WHERE was_there) AS ended
