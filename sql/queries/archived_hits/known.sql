-- Those of these names that are files of the archive, or were.
SELECT name FROM archived_hits WHERE name = ANY(%(names)s)
