-- The first day that has statistics.
SELECT min(date) AS date FROM daily_statistics
