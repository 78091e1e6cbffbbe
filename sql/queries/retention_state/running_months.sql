-- Which retention the scheduler runs with; null where none has said.
SELECT retention_months FROM retention_state
