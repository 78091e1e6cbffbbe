-- Forget hours that lie before the hits that are kept; the sums keep them.
DELETE FROM ledger
 WHERE ctid IN (SELECT ctid FROM ledger WHERE hour < %(before)s LIMIT %(limit)s)
