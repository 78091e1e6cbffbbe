-- Which of some weeks nobody was told of: the last one, and of those before it what was missed, which ended after one of
-- the webhooks that ask for it was last changed, and came after another that was told. A week most of whose days were told is none: where
-- weeks begin on another day now, or days in another zone.
SELECT candidate.week
  FROM unnest(%(weeks)s::date[], %(ends)s::timestamptz[]) AS candidate (week, ends)
 WHERE NOT EXISTS (
           SELECT
             FROM weekly_reports
            WHERE application_id = %(application_id)s AND week BETWEEN candidate.week - 3 AND candidate.week + 3
       )
   AND (
           candidate.week = %(last_week)s::date
           OR (
               EXISTS (
                   SELECT
                     FROM weekly_reports
                    WHERE application_id = %(application_id)s AND week < candidate.week
               )
               AND candidate.ends > (
                   SELECT min(updated_at)
                     FROM webhooks
                    WHERE application_id = %(application_id)s AND is_active AND events ?| %(names)s
               )
           )
       )
