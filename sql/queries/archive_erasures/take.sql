-- Take the answer for an erasure, once it is there: how much was erased.
DELETE FROM archive_erasures WHERE erasure_id = %(erasure_id)s AND done_at IS NOT NULL RETURNING facts, hits
