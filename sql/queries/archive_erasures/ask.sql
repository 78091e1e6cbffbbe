-- Ask whoever writes facts to take a person out of what is archived.
INSERT INTO archive_erasures (erasure_id, application_id, client_sub_ids, session_ids, addresses)
VALUES (%(erasure_id)s, %(application_id)s, %(client_sub_ids)s, %(session_ids)s, %(addresses)s)
ON CONFLICT (erasure_id) DO UPDATE SET done_at = NULL
