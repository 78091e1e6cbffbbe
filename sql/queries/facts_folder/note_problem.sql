-- Note why nothing can be written to the folder, or that it can.
INSERT INTO facts_folder (problem, problem_since)
SELECT %(problem)s, CASE WHEN %(problem)s::text IS NOT NULL THEN clock_timestamp() END
ON CONFLICT (is_single) DO UPDATE
SET problem = excluded.problem,
    problem_since = CASE WHEN excluded.problem IS NULL THEN NULL
                         ELSE coalesce(facts_folder.problem_since, excluded.problem_since) END
WHERE facts_folder.problem IS DISTINCT FROM excluded.problem
