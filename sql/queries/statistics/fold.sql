-- Take increments, whose days this transaction has locked, and add them to the statistics (a rollup by hour and day).
--
-- 1 take      taken -> hours -> periods (each hour, and its day as hour -1) -> received
-- 2 uniques   wanted -> seen -> seen_first, seen_again -> visitors;  new_sessions -> sessions
-- 3 values    before, texts -> keys -> parameters (with their types) -> typed -> measured       (numbers)
--                                                                           -> occurrences -> counted -> candidates
--                                                                              -> ranked -> frequent (texts)
--             before + measured + frequent -> after
-- 4 add       periods + visitors + sessions + after -> additions -> hourly, daily
WITH taken AS (
    DELETE FROM statistics_increments
    WHERE id = ANY(%(ids)s)
    RETURNING application_id, received_at, date, hour, total_requests, visitors, sessions,
              parameter_keys, parameter_values, parameter_counts
),
hours AS (
    SELECT application_id, app_id, date, hour, sum(total_requests) AS requests, min(received_at) AS received_at
    FROM taken
    JOIN applications ON applications.id = taken.application_id
    GROUP BY application_id, app_id, date, hour
),
periods AS ( -- the hours, and their days as hour -1
    SELECT application_id, app_id, date, hour, requests, received_at
    FROM hours
    UNION ALL
    SELECT application_id, app_id, date, -1::smallint, sum(requests), min(received_at)
    FROM hours
    GROUP BY application_id, app_id, date
),
received AS ( -- a period is announced when it is complete, if a hit was received before its end
    INSERT INTO statistics_periods (application_id, date, hour)
    SELECT application_id, date, hour
    FROM periods
    WHERE received_at < (date + CASE WHEN hour < 0 THEN interval '1 day' ELSE make_interval(hours => hour + 1) END)
                        AT TIME ZONE 'UTC'
    ON CONFLICT DO NOTHING
),
wanted AS ( -- each visitor of a day, with the hours as bits
    SELECT application_id, date, visitor, bit_or(1 << hour) AS hours
    FROM taken, unnest(visitors) AS visitor
    GROUP BY application_id, date, visitor
),
seen AS (
    SELECT application_id, date, visitor, known.hours IS NULL AS is_new,
           wanted.hours & ~coalesce(known.hours, 0) AS new_hours
    FROM wanted
    LEFT JOIN statistics_visitors AS known USING (application_id, date, visitor)
),
seen_first AS (
    INSERT INTO statistics_visitors (application_id, date, visitor, hours)
    SELECT application_id, date, visitor, new_hours
    FROM seen
    WHERE is_new
    ORDER BY application_id, date, visitor
),
seen_again AS (
    UPDATE statistics_visitors AS known
    SET hours = known.hours | seen.new_hours
    FROM seen
    WHERE NOT is_new AND new_hours <> 0
      AND known.application_id = seen.application_id AND known.date = seen.date AND known.visitor = seen.visitor
),
new_sessions AS (
    INSERT INTO statistics_sessions (application_id, date, session)
    SELECT DISTINCT application_id, date, session
    FROM taken, unnest(sessions) AS session
    ORDER BY application_id, date, session
    ON CONFLICT DO NOTHING
    RETURNING application_id, date
),
visitors AS (
    SELECT application_id, date, hour, count(*) AS added
    FROM seen
    JOIN hours USING (application_id, date)
    WHERE new_hours & (1 << hour) <> 0
    GROUP BY application_id, date, hour
    UNION ALL
    SELECT application_id, date, -1::smallint, count(*)
    FROM seen
    WHERE is_new
    GROUP BY application_id, date
),
sessions AS (
    SELECT application_id, date, -1::smallint AS hour, count(*) AS added FROM new_sessions GROUP BY application_id, date
),
before AS ( -- the parameters of these periods so far
    SELECT application_id, date, hour::smallint AS hour, key, stat
    FROM hours
    JOIN hourly_statistics USING (application_id, date, hour), jsonb_each(custom_param_stats) AS each (key, stat)
    UNION ALL
    SELECT application_id, date, -1::smallint, key, stat
    FROM periods
    JOIN daily_statistics USING (application_id, date), jsonb_each(custom_param_stats) AS each (key, stat)
    WHERE hour = -1
),
texts_by_hour AS (
    SELECT application_id, date, hour, key, text, sum(count) AS count
    FROM taken, unnest(parameter_keys, parameter_values, parameter_counts) AS given (key, text, count)
    GROUP BY application_id, date, hour, key, text
),
texts AS (
    SELECT application_id, date, hour, key, text, count
    FROM texts_by_hour
    UNION ALL
    SELECT application_id, date, -1::smallint, key, text, sum(count)
    FROM texts_by_hour
    GROUP BY application_id, date, key, text
),
keys AS (SELECT DISTINCT application_id, date, hour, key FROM texts),
parameters AS ( -- a period goes on with the type with which it began
    SELECT keys.application_id, keys.date, keys.hour, keys.key, stat,
           coalesce(stat ->> 'type', parameter_type, 'string') AS type
    FROM keys
    LEFT JOIN before
        ON (before.application_id, before.date, before.hour, before.key)
         = (keys.application_id, keys.date, keys.hour, keys.key)
    LEFT JOIN custom_parameter_definitions AS definition
        ON definition.application_id = keys.application_id AND definition.parameter_key = keys.key
),
typed AS (
    SELECT application_id, date, hour, key, type, text, count
    FROM texts
    JOIN parameters USING (application_id, date, hour, key)
),
measured AS ( -- numbers; objects are only counted
    SELECT application_id, date, hour, key, sum(count) AS count, sum(number * count) AS sum,
           min(number) AS min, max(number) AS max
    FROM (
        SELECT *, CASE WHEN text ~ '^-?[0-9]+([.][0-9]+)?$' THEN text::numeric END AS number
        FROM typed
        WHERE type IN ('number', 'object')
    ) AS read
    WHERE type = 'object' OR number IS NOT NULL
    GROUP BY application_id, date, hour, key
),
occurrences AS ( -- values of strings and booleans, elements of arrays
    SELECT application_id, date, hour, key, text AS value, count
    FROM typed
    WHERE type IN ('string', 'boolean')
    UNION ALL
    SELECT application_id, date, hour, key, element, sum(count)
    FROM typed, statistics_elements(text) AS element
    WHERE type = 'array'
    GROUP BY application_id, date, hour, key, element
    UNION ALL -- without a text: beyond the values that a day tells apart
    SELECT application_id, date, hour, key, NULL, count
    FROM typed
    WHERE type = 'array' AND text IS NULL
),
counted AS (
    INSERT INTO statistics_values AS kept (application_id, date, hour, parameter_key, parameter_value, count)
    SELECT application_id, date, hour, key, value, count
    FROM occurrences
    WHERE value IS NOT NULL
    ORDER BY application_id, date, hour, key, value
    ON CONFLICT (date, application_id, hour, parameter_key, parameter_value)
        DO UPDATE SET count = kept.count + excluded.count
    RETURNING application_id, date, hour, parameter_key AS key, parameter_value AS value, count
),
candidates AS ( -- counts only grow: the most frequent are among those shown before and those that grew just now
    SELECT application_id, date, hour, key, value, max(count) AS count
    FROM (
        SELECT application_id, date, hour, key, value, count
        FROM counted
        UNION ALL
        SELECT application_id, date, hour, key, shown.value, shown.count
        FROM parameters, jsonb_to_recordset(stat -> 'values') AS shown (value text, count bigint)
    ) AS known
    GROUP BY application_id, date, hour, key, value
),
ranked AS (
    SELECT application_id, date, hour, key, value, count,
           row_number() OVER (PARTITION BY application_id, date, hour, key ORDER BY count DESC, value COLLATE "C") AS rank
    FROM candidates
),
frequent AS (
    SELECT application_id, date, hour, key, sum(count) AS shown,
           jsonb_agg(jsonb_build_object('value', value, 'count', count) ORDER BY rank) AS values
    FROM ranked
    WHERE rank <= 100
    GROUP BY application_id, date, hour, key
),
totals AS (
    SELECT application_id, date, hour, key, sum(count) AS count
    FROM occurrences
    GROUP BY application_id, date, hour, key
),
after AS (
    SELECT application_id, date, hour, key,
        jsonb_build_object('type', type) || CASE
            WHEN totals.count IS NOT NULL THEN jsonb_build_object(
                'count', coalesce((stat ->> 'count')::bigint, 0) + totals.count,
                'values', coalesce(frequent.values, '[]'),
                'other', coalesce((stat ->> 'count')::bigint, 0) + totals.count - coalesce(shown, 0))
            WHEN type = 'object' THEN jsonb_build_object(
                'count', coalesce((stat ->> 'count')::bigint, 0) + measured.count)
            ELSE jsonb_build_object(
                'count', coalesce((stat ->> 'count')::bigint, 0) + measured.count,
                'sum', coalesce((stat ->> 'sum')::numeric, 0) + measured.sum,
                'min', least((stat ->> 'min')::numeric, measured.min),
                'max', greatest((stat ->> 'max')::numeric, measured.max))
        END AS stat
    FROM parameters
    LEFT JOIN totals USING (application_id, date, hour, key)
    LEFT JOIN frequent USING (application_id, date, hour, key)
    LEFT JOIN measured USING (application_id, date, hour, key)
    WHERE totals.count IS NOT NULL OR measured.count IS NOT NULL
),
additions AS (
    SELECT application_id, app_id, date, hour, requests, coalesce(visitors.added, 0) AS visitors,
           coalesce(sessions.added, 0) AS sessions, parameters_after.stats
    FROM periods
    LEFT JOIN visitors USING (application_id, date, hour)
    LEFT JOIN sessions USING (application_id, date, hour)
    LEFT JOIN (
        SELECT application_id, date, hour, jsonb_object_agg(key, stat) AS stats
        FROM after
        GROUP BY application_id, date, hour
    ) AS parameters_after USING (application_id, date, hour)
),
hourly AS (
    INSERT INTO hourly_statistics AS kept (
        application_id, app_id, date, hour, total_requests, unique_visitors, custom_param_stats, created_at, updated_at
    )
    SELECT application_id, app_id, date, hour, requests, visitors, stats, %(now)s, %(now)s
    FROM additions
    WHERE hour >= 0
    ON CONFLICT (application_id, date, hour) DO UPDATE SET
        total_requests = kept.total_requests + excluded.total_requests,
        unique_visitors = kept.unique_visitors + excluded.unique_visitors,
        custom_param_stats = coalesce(
            kept.custom_param_stats || excluded.custom_param_stats, kept.custom_param_stats, excluded.custom_param_stats
        ),
        updated_at = excluded.updated_at
),
daily AS (
    INSERT INTO daily_statistics AS kept (
        application_id, app_id, date, total_requests, unique_visitors, unique_sessions, custom_param_stats,
        created_at, updated_at
    )
    SELECT application_id, app_id, date, requests, visitors, sessions, stats, %(now)s, %(now)s
    FROM additions
    WHERE hour = -1
    ON CONFLICT (application_id, date) DO UPDATE SET
        total_requests = kept.total_requests + excluded.total_requests,
        unique_visitors = kept.unique_visitors + excluded.unique_visitors,
        unique_sessions = kept.unique_sessions + excluded.unique_sessions,
        custom_param_stats = coalesce(
            kept.custom_param_stats || excluded.custom_param_stats, kept.custom_param_stats, excluded.custom_param_stats
        ),
        updated_at = excluded.updated_at
)
SELECT count(*) AS increments, coalesce(sum(total_requests), 0)::bigint AS hits FROM taken
