-- Whether increments of these days wait to be folded.
SELECT EXISTS (SELECT FROM statistics_increments WHERE date >= %(first)s AND date < %(end)s) AS waiting
