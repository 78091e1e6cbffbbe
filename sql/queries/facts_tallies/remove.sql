-- Forget a tally that cannot be read: the next one is made as if there had been none.
DELETE FROM facts_tallies WHERE id = %(id)s
