-- Before which day raw rows have been removed, of each application of which any have.
SELECT application_id, before FROM statistics_removals
