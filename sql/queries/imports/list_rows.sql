-- What was imported of an application: each log with its runs, the latest first, and how many of its hits were stored.
SELECT source,
       (SELECT coalesce(sum(hits), 0)::bigint FROM imported_hits WHERE import_id = imports.id) AS stored,
       (SELECT min(first_at) FROM imported_hits WHERE import_id = imports.id AND hits > 0) AS first_hit_at,
       (SELECT max(last_at) FROM imported_hits WHERE import_id = imports.id AND hits > 0) AS last_hit_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('file', file, 'started_at', started_at, 'finished_at', finished_at)
                                  || counts ORDER BY started_at DESC, id DESC), '[]')
          FROM import_runs WHERE import_id = imports.id) AS runs
FROM imports
WHERE application_id = %(application_id)s
ORDER BY source
