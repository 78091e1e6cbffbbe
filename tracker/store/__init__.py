"""PostgreSQL: the statements of a table in a module of its name. Only this package knows psycopg and Alembic.

connection, half_open, database             the way to PostgreSQL; a connection that is dead without a word
statements, queries, failures               the texts of statements, running one, what its errors mean
hit_columns                                 the columns of whole hits, for statements that read and write them
copied_rows                                 the rows of a COPY, many at a time
per_key_limit                              connections of one application at a time
migrations, concurrent_indexes             the schema, and indexes made beside the writers
maintenance                                the direct connection, for work on the tables themselves
partitions, partition_making, partition_removal, partition_strays    the months of the partitioned tables
deletions, retention_state                 by which time is deleted, and who says so
server_facts, reading_role, gauges         the server's settings, a role's rights, how the work goes on
server_certificate, replica                until when its certificate is valid; how far a replica is behind
standby                                    what makes a commit wait for a synchronous standby

Hits:          access_logs, custom_parameter_values, custom_parameter_refusals, sessions, filtered_hits
Imports:       imports, imported_filtered
Queue:         batch_queue, batch_queue_events, batch_jobs, ledger
Statistics:    statistics, statistics_increments, statistics_periods, statistics_removals, statistics_reading
Applications:  applications, api_keys, application_settings, custom_parameter_definitions, operator_limits
Webhooks:      webhooks, webhook_deliveries, webhook_sending, webhook_backlogs
Owners' pages: shares, goals, funnels, annotations, segments, weekly_reports, members
Erasing:       erasures, person_rows, person_statistics, application_rows
Facts:         facts_marks, facts_files, facts_tallies, fact_rows; archived_months, archived_days,
               archived_hits, archived_rows, archive_erasures
Questions:     matching_hits, latest_hits, exported_hits, totals
Processes:     instance, leases, audit_log, dashboard_sign_outs
"""
