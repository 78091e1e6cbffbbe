-- Count lines no longer as left out: some, where they are taken now, or all of an import.
WITH taken AS (
    DELETE FROM imported_filtered
    WHERE import_id = %(import_id)s AND (%(hit_ids)s::bigint[] IS NULL OR hit_id = ANY(%(hit_ids)s::bigint[]))
    RETURNING hour, reason
),
sums AS (
    SELECT application_id, hour, reason, count(*) AS hits
    FROM taken
    JOIN imports ON imports.id = %(import_id)s
    GROUP BY application_id, hour, reason
),
gone AS (
    DELETE FROM filtered_hits
    USING sums
    WHERE filtered_hits.application_id = sums.application_id AND filtered_hits.hour = sums.hour
        AND filtered_hits.reason = sums.reason AND filtered_hits.hits <= sums.hits
)
UPDATE filtered_hits
SET hits = filtered_hits.hits - sums.hits
FROM sums
WHERE filtered_hits.application_id = sums.application_id AND filtered_hits.hour = sums.hour
    AND filtered_hits.reason = sums.reason AND filtered_hits.hits > sums.hits
