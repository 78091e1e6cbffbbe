-- What things are called of which the audit log has the ids, of any application, revoked keys too; of a webhook its URL.
SELECT 'api_key' AS kind, id, name FROM api_keys WHERE id = ANY(%(ids)s::UUID[])
UNION ALL
SELECT 'goal', id, name FROM goals WHERE id = ANY(%(ids)s::UUID[])
UNION ALL
SELECT 'funnel', id, name FROM funnels WHERE id = ANY(%(ids)s::UUID[])
UNION ALL
SELECT 'segment', id, name FROM segments WHERE id = ANY(%(ids)s::UUID[])
UNION ALL
SELECT 'share', id, name FROM shares WHERE id = ANY(%(ids)s::UUID[])
UNION ALL
SELECT 'member', id, name FROM members WHERE id = ANY(%(ids)s::UUID[])
UNION ALL
SELECT 'webhook', id, url FROM webhooks WHERE id = ANY(%(ids)s::UUID[])
