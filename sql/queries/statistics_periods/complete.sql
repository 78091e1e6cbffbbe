-- Complete, once, every period that ended and of which all hits received before its end are folded; its numbers.
-- Hits that the receiver kept in batch_queue hold periods back until those around them have left the queue too.
WITH kept AS (
    SELECT min(created_at) AS oldest
    FROM batch_queue
    WHERE status IN ('queued', 'processing') OR (status = 'completed' AND processed_at >= %(settled_until)s)
),
open AS MATERIALIZED (
    SELECT application_id, date, hour,
           (date + CASE WHEN hour < 0 THEN interval '1 day' ELSE make_interval(hours => hour + 1) END)
               AT TIME ZONE 'UTC' AS ends_at
    FROM statistics_periods
    WHERE completed_at IS NULL
),
complete AS (
    SELECT application_id, date, hour
    FROM open, kept
    WHERE ends_at <= %(settled_until)s
      AND ends_at <= coalesce(kept.oldest, ends_at)
      AND NOT EXISTS (
          SELECT FROM statistics_increments AS waiting
          WHERE waiting.application_id = open.application_id AND waiting.date = open.date
            AND (open.hour < 0 OR waiting.hour = open.hour) AND waiting.received_at < ends_at
      )
),
completed AS (
    UPDATE statistics_periods AS period
    SET completed_at = %(now)s
    FROM complete
    WHERE (period.application_id, period.date, period.hour) = (complete.application_id, complete.date, complete.hour)
      AND period.completed_at IS NULL -- another scheduler may have been faster
    RETURNING period.application_id, period.date, period.hour
)
SELECT
    completed.application_id,
    completed.date,
    completed.hour,
    coalesce(hourly.total_requests, daily.total_requests) AS total_requests,
    coalesce(hourly.unique_visitors, daily.unique_visitors) AS unique_visitors,
    daily.unique_sessions,
    coalesce(hourly.custom_param_stats, daily.custom_param_stats) AS custom_param_stats
FROM completed
LEFT JOIN hourly_statistics AS hourly USING (application_id, date, hour)
LEFT JOIN daily_statistics AS daily
    ON completed.hour < 0 AND daily.application_id = completed.application_id AND daily.date = completed.date
ORDER BY date, hour < 0, hour, application_id
