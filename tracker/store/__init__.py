"""The PostgreSQL shelf: a module a table. Only this room knows psycopg, Alembic and how the tables look.

connection, database, queries, failures    how the others reach PostgreSQL, run a statement, and what its errors mean
maintenance, migrations, partitions, partition_removal    work on the tables themselves, over the direct connection
server_facts, totals, stored_hits          questions across tables
"""
