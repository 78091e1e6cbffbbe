-- Append what new hits add to the statistics of their hours.
COPY statistics_increments (
    application_id, received_at, date, hour, total_requests, visitors, sessions,
    parameter_keys, parameter_values, parameter_counts, minutes
) FROM STDIN
