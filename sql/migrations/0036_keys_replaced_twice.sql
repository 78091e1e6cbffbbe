-- A key that replaced another may have been replaced itself, within the grace of both: the audit log is followed to the first.
WITH RECURSIVE replaced AS (
    SELECT application_id, key_id AS members_key, key_id AS id FROM members WHERE key_id IS NOT NULL
    UNION
    SELECT application_id, members_key, subject::UUID
      FROM replaced
      JOIN audit_log USING (application_id)
     WHERE action = 'api_key.rotated' AND subject <> 'first' AND after ->> 'replaced_by' = replaced.id::TEXT
)
UPDATE members
   SET replaced_key_ids = found.ids
  FROM (SELECT members_key, array_agg(id) AS ids FROM replaced WHERE id <> members_key GROUP BY members_key) AS found
 WHERE found.members_key = key_id AND NOT found.ids <@ replaced_key_ids;
