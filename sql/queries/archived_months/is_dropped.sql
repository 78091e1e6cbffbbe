-- Whether the files of the month of a day are all there is of it.
SELECT EXISTS (
    SELECT FROM archived_months WHERE month = date_trunc('month', %(date)s::date)::date AND dropped_at IS NOT NULL
) AS dropped
