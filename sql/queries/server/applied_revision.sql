-- The migration that was applied last.
SELECT version_num AS revision FROM alembic_version
