-- Those of these names that are files of the copy, or were so recently that somebody may be reading them.
SELECT name FROM facts_files
WHERE name = ANY(%(names)s) AND (replaced_at IS NULL OR replaced_at > clock_timestamp() - interval '8 seconds')
