"""The PostgreSQL shelf: one module per table. Only this room knows psycopg, and how the tables look."""
