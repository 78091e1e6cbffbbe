-- Where a hit came from, by its address before that was shortened (docs/reports.md#countries): a country, and a region
-- and a city where the operator's database has them, as DE/Bavaria/Munich. NULL: unknown, or before this migration.
ALTER TABLE access_logs ADD COLUMN place VARCHAR(200);
