-- Take an application that is purged out of the ledger. What is left of its balance is written off in the sums, so that
-- nothing of it counts as lost: its entries went from the queue, and its counts from Redis.
WITH changes AS (
    DELETE FROM ledger_changes WHERE application_id = %(application_id)s RETURNING *
), hours AS (
    DELETE FROM ledger WHERE application_id = %(application_id)s RETURNING *
), new AS (
    SELECT coalesce(sum(accepted), 0) AS accepted, coalesce(sum(stored), 0) AS stored,
           coalesce(sum(repeated), 0) AS repeated, coalesce(sum(discarded), 0) AS discarded,
           coalesce(sum(erased), 0) AS erased, coalesce(sum(written_off), 0) AS written_off
      FROM changes
), unfinished AS (
    SELECT coalesce(sum(accepted - stored - repeated - discarded - erased - written_off), 0) AS hits
      FROM (
        SELECT accepted, stored, repeated, discarded, erased, written_off FROM changes
        UNION ALL
        SELECT accepted, stored, repeated, discarded, erased, written_off FROM hours
      ) AS all_of_it
)
UPDATE ledger_totals SET
    accepted = ledger_totals.accepted + new.accepted,
    stored = ledger_totals.stored + new.stored,
    repeated = ledger_totals.repeated + new.repeated,
    discarded = ledger_totals.discarded + new.discarded,
    erased = ledger_totals.erased + new.erased,
    written_off = ledger_totals.written_off + new.written_off + unfinished.hits
  FROM new, unfinished
