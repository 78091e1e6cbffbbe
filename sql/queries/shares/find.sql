-- The share link of a token, as long as it counts, with the application that it shows.
SELECT shares.id, shares.name, shares.frame_origins, shares.password_hash, applications.app_id, applications.updated_at
  FROM shares
  JOIN applications ON applications.id = shares.application_id
 WHERE shares.token_hash = ANY(%(token_hashes)s::text[]) AND (shares.expires_at IS NULL OR shares.expires_at > clock_timestamp())
