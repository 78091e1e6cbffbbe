-- Those of these names that are files of the copy, or were a moment ago.
SELECT name FROM facts_files WHERE name = ANY(%(names)s)
