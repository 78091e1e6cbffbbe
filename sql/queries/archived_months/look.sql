-- The months that are archived, or are about to be, with what their files hold.
SELECT to_char(month, 'YYYY-MM') AS month, has_hits, dropped_at, restored_at,
       (SELECT coalesce(sum(facts), 0)::bigint FROM facts_files
         WHERE date >= month AND date < month + INTERVAL '1 month' AND replaced_at IS NULL) AS hits,
       (SELECT coalesce(sum(bytes), 0)::bigint FROM facts_files
         WHERE date >= month AND date < month + INTERVAL '1 month' AND replaced_at IS NULL) AS facts_bytes,
       (SELECT coalesce(sum(bytes), 0)::bigint FROM archived_hits
         WHERE date >= month AND date < month + INTERVAL '1 month' AND replaced_at IS NULL) AS hits_bytes
FROM archived_months
ORDER BY archived_months.month
