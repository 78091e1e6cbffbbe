-- The key of a member of an application whom a provider knows.
SELECT members.key_id
  FROM members
  JOIN applications ON applications.id = members.application_id
 WHERE members.issuer = %(issuer)s AND members.subject = %(subject)s AND applications.app_id = %(app_id)s
