-- The invitation of a token, as long as it counts.
SELECT members.id, members.name, members.role, members.invited_by, members.invited_by_key_id, applications.app_id,
       applications.name AS application_name
  FROM members
  JOIN applications ON applications.id = members.application_id
 WHERE members.token_hash = %(token_hash)s AND members.expires_at > %(now)s AND applications.deleted_at IS NULL
