-- The share links of an application, never the hashes of their tokens.
SELECT id, name, frame_origins, created_at
  FROM shares
 WHERE application_id = %(application_id)s
 ORDER BY created_at, id
