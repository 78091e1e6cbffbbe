-- Note hits that imports have stored; one that is no import of the hits' application is passed over.
INSERT INTO imported_hits (import_id, accepted_at, first_at, last_at, hits, ids, times)
SELECT imports.id, accepted_at, first_at, last_at, hits, ids, times
FROM jsonb_to_recordset(%(stored)s::jsonb) AS stored (
    import_id INTEGER, application_id UUID, accepted_at TIMESTAMP WITH TIME ZONE, first_at TIMESTAMP WITH TIME ZONE,
    last_at TIMESTAMP WITH TIME ZONE, hits INTEGER, ids BIGINT[], times TIMESTAMP WITH TIME ZONE[]
)
JOIN imports ON imports.id = stored.import_id AND imports.application_id = stored.application_id
