-- Invitations that count and that were made to an address.
SELECT members.id, members.name, members.role, members.invited_by, members.invited_by_key_id, applications.app_id,
       applications.name AS application_name
  FROM members
  JOIN applications ON applications.id = members.application_id
 WHERE members.email = %(email)s AND members.key_id IS NULL AND members.token_hash IS NOT NULL
   AND members.expires_at > %(now)s AND applications.deleted_at IS NULL
 ORDER BY applications.name, members.created_at, members.id
