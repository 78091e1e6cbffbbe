-- The applications that somebody is a member of whom a provider knows, with what they may there.
SELECT applications.app_id, applications.name AS application_name, members.key_id, api_keys.permissions
  FROM members
  JOIN applications ON applications.id = members.application_id
  JOIN api_keys ON api_keys.id = members.key_id
 WHERE members.issuer = %(issuer)s AND members.subject = %(subject)s
   AND api_keys.is_active AND applications.deleted_at IS NULL
 ORDER BY applications.name, applications.app_id
