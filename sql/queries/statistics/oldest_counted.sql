-- The oldest day from a date on, and before another, of which is still remembered what was counted.
SELECT least(
    (SELECT min(date) FROM statistics_visitors WHERE date >= %(since)s AND date < %(before)s),
    (SELECT min(date) FROM statistics_sessions WHERE date >= %(since)s AND date < %(before)s),
    (SELECT min(date) FROM statistics_values WHERE date >= %(since)s AND date < %(before)s),
    (SELECT min(date) FROM statistics_periods WHERE date >= %(since)s AND date < %(before)s)
) AS date
