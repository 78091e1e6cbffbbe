-- The oldest day before a date of which is still remembered what was counted.
SELECT least(
    (SELECT min(date) FROM statistics_visitors WHERE date < %(before)s),
    (SELECT min(date) FROM statistics_sessions WHERE date < %(before)s),
    (SELECT min(date) FROM statistics_values WHERE date < %(before)s),
    (SELECT min(date) FROM statistics_periods WHERE date < %(before)s)
) AS date
