-- Applications with so many facts in the files of some days and no tally of all but so many of the last ones; when the latest
-- of these files was made.
SELECT applications.app_id, max(facts_files.made_at) AS changed_at
FROM facts_files
JOIN applications ON applications.id = facts_files.application_id AND applications.deleted_at IS NULL
WHERE facts_files.replaced_at IS NULL AND facts_files.date BETWEEN %(first)s AND %(last)s
  AND NOT EXISTS (
      SELECT FROM facts_tallies
      WHERE facts_tallies.application_id = applications.id
        AND facts_tallies.last_date >= %(last)s::date - %(left_out)s::int
        AND 'visit_channel' = ANY (facts_tallies.kinds)
  )
GROUP BY applications.id
HAVING sum(facts_files.facts) >= %(facts)s
ORDER BY applications.app_id
