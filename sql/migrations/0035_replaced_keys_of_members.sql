-- Keys that a member had before theirs was replaced count until their grace ends: whoever removes the member ends them, too.
ALTER TABLE members
    ADD COLUMN replaced_key_ids UUID[] NOT NULL DEFAULT '{}'; -- keys of the member that others have replaced

UPDATE members SET replaced_key_ids = ARRAY(
    SELECT subject::UUID
      FROM audit_log
     WHERE audit_log.application_id = members.application_id
       AND action = 'api_key.rotated' AND subject <> 'first' AND after ->> 'replaced_by' = members.key_id::TEXT
) WHERE key_id IS NOT NULL;
