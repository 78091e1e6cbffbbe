"""PostgreSQL: the statements of a table in a module of its name. Only this package knows psycopg and Alembic.

connection, database, queries, failures    the way to PostgreSQL, running a statement, what its errors mean
shares                                     how many connections one application has at a time
migrations, concurrent_indexes             the schema, and indexes made beside the writers
maintenance                                the direct connection, for work on the tables themselves
partitions, partition_making, partition_removal, partition_strays    the months of the partitioned tables
deletions, retention_state                 by which time is deleted, and who says so
matching_hits, exported_hits, person_rows, person_statistics, statistics_reading    questions across tables
server_facts, reading_role, totals         the server's settings, a role's rights, a table's size
"""
