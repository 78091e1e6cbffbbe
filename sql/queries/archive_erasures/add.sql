-- Count what was erased of a person.
UPDATE archive_erasures SET facts = facts + %(facts)s, hits = hits + %(hits)s WHERE erasure_id = %(erasure_id)s
