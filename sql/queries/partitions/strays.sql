-- What has the name of a month and is no partition: its kind as in pg_class, and whether it could be one.
SELECT parent.name AS table_name, stray.relname AS name, substring(stray.relname FROM '[0-9]{4}_[0-9]{2}$') AS month,
       stray.relkind = 'r' AND NOT stray.relispartition AS stands_alone
  FROM unnest(ARRAY['access_logs', 'custom_parameter_values']) AS parent (name)
  JOIN pg_class AS home ON home.oid = parent.name::REGCLASS
  JOIN pg_class AS stray ON stray.relnamespace = home.relnamespace
       AND stray.relname ~ ('^' || parent.name || '_[0-9]{4}_(0[1-9]|1[0-2])$')
 WHERE NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = stray.oid AND inhparent = home.oid)
 ORDER BY stray.relname
