-- Among tens of millions of deliveries the failed ones are found, latest first, and since a time.
DROP INDEX CONCURRENTLY IF EXISTS idx_webhook_deliveries_failed;
CREATE INDEX CONCURRENTLY idx_webhook_deliveries_failed ON webhook_deliveries (webhook_id, id) WHERE state = 'failed';
DROP INDEX CONCURRENTLY IF EXISTS idx_webhook_deliveries_failed_at;
CREATE INDEX CONCURRENTLY idx_webhook_deliveries_failed_at
    ON webhook_deliveries (webhook_id, finished_at, id) WHERE state = 'failed';
