-- What keys are called, of any application, revoked ones too.
SELECT id, name FROM api_keys WHERE id = ANY(%(ids)s::UUID[])
