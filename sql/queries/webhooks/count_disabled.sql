-- How many webhooks are disabled, by application: of some applications, or of all that are there.
SELECT webhooks.application_id, count(*) AS count
  FROM webhooks
  JOIN applications ON applications.id = webhooks.application_id
 WHERE NOT webhooks.is_active AND applications.deleted_at IS NULL
   AND (%(application_ids)s::UUID[] IS NULL OR webhooks.application_id = ANY(%(application_ids)s::UUID[]))
 GROUP BY webhooks.application_id
