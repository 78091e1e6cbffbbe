-- The members of an application and the invitations that wait, never the hashes of their tokens.
SELECT members.id, members.name, members.role, members.key_id, members.expires_at, members.created_at,
       members.email, members.subject IS NOT NULL AS has_identity, members.replaced_key_ids,
       api_keys.permissions, api_keys.last_used_at, api_keys.is_active
  FROM members
  LEFT JOIN api_keys ON api_keys.id = members.key_id
 WHERE members.application_id = %(application_id)s
 ORDER BY members.created_at, members.id
