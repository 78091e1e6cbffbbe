"""That PostgreSQL and Redis belong together: compared at start and every few seconds, by every process."""
