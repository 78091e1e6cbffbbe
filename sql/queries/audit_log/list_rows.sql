-- A page of the changes to one application, or to all, newest first, with the application's app_id where it still is.
SELECT audit_log.id, at, actor_kind, actor_key_id, application_id, app_id, action, subject, before, after
  FROM audit_log
  LEFT JOIN applications ON applications.id = audit_log.application_id
 WHERE (%(application_id)s::UUID IS NULL OR application_id = %(application_id)s)
   AND (%(action)s::TEXT IS NULL OR action = %(action)s)
   AND (%(since)s::TIMESTAMPTZ IS NULL OR at >= %(since)s)
   AND (%(until)s::TIMESTAMPTZ IS NULL OR at < %(until)s)
   AND (%(after_id)s::BIGINT IS NULL OR (at, audit_log.id) < (%(after_at)s::TIMESTAMPTZ, %(after_id)s))
 ORDER BY at DESC, audit_log.id DESC
 LIMIT %(limit)s
