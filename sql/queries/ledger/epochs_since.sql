-- When a Redis took over the counts that had none of them, but the first of all.
SELECT began_at
  FROM (SELECT began_at, row_number() OVER (ORDER BY began_at) AS number FROM ledger_epochs) AS numbered
 WHERE number > 1 AND began_at >= %(since)s
 ORDER BY began_at
