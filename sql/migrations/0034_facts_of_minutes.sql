-- An hour of many hits stands in several files while it goes on, each about some of its minutes.
ALTER TABLE facts_files ADD COLUMN first_minute SMALLINT NOT NULL DEFAULT 0; -- of the first hour
ALTER TABLE facts_files ADD COLUMN last_minute SMALLINT NOT NULL DEFAULT 59; -- of the last hour, included
