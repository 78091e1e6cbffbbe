-- Whether a month refuses hits, since it was about to be dropped.
SELECT EXISTS (
    SELECT FROM pg_constraint WHERE conrelid = to_regclass(quote_ident(%(partition)s)) AND conname = %(constraint)s
) AS refuses
