-- The people who are to be taken out of what is archived.
SELECT erasure_id, application_id, client_sub_ids, session_ids, addresses FROM archive_erasures WHERE done_at IS NULL
