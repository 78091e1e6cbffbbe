-- Forget what was counted on one day; its statistics stay as they are.
WITH visitors AS (
    DELETE FROM statistics_visitors WHERE date = %(date)s
),
sessions AS (
    DELETE FROM statistics_sessions WHERE date = %(date)s
),
periods AS (
    DELETE FROM statistics_periods WHERE date = %(date)s
)
DELETE FROM statistics_values WHERE date = %(date)s
