-- Add the oldest changes to their hours and to the sums, and forget them.
WITH gone AS (
    DELETE FROM ledger_changes
     WHERE id IN (SELECT id FROM ledger_changes ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING *
), added AS (
    INSERT INTO ledger AS kept (
        application_id, hour, accepted, stored, repeated, discarded, erased, written_off, dropped, restored
    )
    SELECT application_id, hour, sum(accepted), sum(stored), sum(repeated), sum(discarded), sum(erased),
           sum(written_off), sum(dropped), sum(restored)
      FROM gone
     WHERE application_id IN (SELECT id FROM applications)
     GROUP BY hour, application_id
     ORDER BY hour, application_id
        ON CONFLICT (hour, application_id) DO UPDATE SET
            accepted = kept.accepted + excluded.accepted,
            stored = kept.stored + excluded.stored,
            repeated = kept.repeated + excluded.repeated,
            discarded = kept.discarded + excluded.discarded,
            erased = kept.erased + excluded.erased,
            written_off = kept.written_off + excluded.written_off,
            dropped = kept.dropped + excluded.dropped,
            restored = kept.restored + excluded.restored
), summed AS (
    UPDATE ledger_totals SET
        accepted = ledger_totals.accepted + sums.accepted,
        stored = ledger_totals.stored + sums.stored,
        repeated = ledger_totals.repeated + sums.repeated,
        discarded = ledger_totals.discarded + sums.discarded,
        erased = ledger_totals.erased + sums.erased,
        written_off = ledger_totals.written_off + sums.written_off
      FROM (
        SELECT sum(accepted) AS accepted, sum(stored) AS stored, sum(repeated) AS repeated,
               sum(discarded) AS discarded, sum(erased) AS erased, sum(written_off) AS written_off
          FROM gone
      ) AS sums
     WHERE sums.accepted IS NOT NULL
)
SELECT count(*)::int AS changes FROM gone
