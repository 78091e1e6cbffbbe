-- The share link of a token, with the application that it shows.
SELECT shares.id, shares.name, shares.frame_origins, applications.app_id, applications.updated_at
  FROM shares
  JOIN applications ON applications.id = shares.application_id
 WHERE shares.token_hash = %(token_hash)s
