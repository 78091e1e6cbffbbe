-- From now on this folder holds the copy.
INSERT INTO facts_folder (id) VALUES (%(id)s)
ON CONFLICT (is_single) DO UPDATE SET id = excluded.id, problem = NULL, problem_since = NULL
