-- What a server and its replicas have in common, and no other server has.
SELECT system_identifier::text FROM pg_control_system()
