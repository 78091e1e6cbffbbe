-- The three roles that the product needs, and no more than they need. Run by psql, as a superuser or as rds_superuser,
-- connected to the database of the product, which is empty the first time. docker-compose.yml does it at the first
-- start. It may be run again: a role that is there stays as it is, one that a newer version brings is added.
--
-- The passwords come from files, named by the environment, so that they stand in no history and no log:
--   TRACKER_OWNER_PASSWORD_FILE, TRACKER_APP_PASSWORD_FILE, TRACKER_READER_PASSWORD_FILE
\set ON_ERROR_STOP on
\set owner_password `cat "$TRACKER_OWNER_PASSWORD_FILE"`
\set app_password `cat "$TRACKER_APP_PASSWORD_FILE"`
\set reader_password `cat "$TRACKER_READER_PASSWORD_FILE"`
SELECT current_database() AS database,
       to_regrole('tracker_owner') IS NULL AS owner_is_new,
       to_regrole('tracker_app') IS NULL AS app_is_new,
       to_regrole('tracker_reader') IS NULL AS reader_is_new,
       to_regrole('tracker_owner') IS NULL AND :'owner_password' = ''
       OR to_regrole('tracker_app') IS NULL AND :'app_password' = ''
       OR to_regrole('tracker_reader') IS NULL AND :'reader_password' = '' AS password_is_missing \gset

-- A role without a password could not connect, and would stay so, as roles that are there do.
\if :password_is_missing
DO $$
BEGIN
    RAISE EXCEPTION 'A new role has no password: the three TRACKER_..._PASSWORD_FILE must each name a file that holds one';
END
$$;
\endif

-- All of it or nothing: what broke off half-way is not taken for a role that is there.
BEGIN;

-- Time zone and time limits belong to the roles: the product sends no SET, so that a pooler or proxy in
-- transaction mode never has to pin a connection.

\if :owner_is_new
-- tracker_owner owns the tables: migrations and partitions (DATABASE_MAINTENANCE_URL) run as this role.
CREATE ROLE tracker_owner LOGIN PASSWORD :'owner_password';
ALTER ROLE tracker_owner SET timezone = 'UTC';
\endif

\if :app_is_new
-- tracker_app reads and writes rows (DATABASE_URL): it can neither create nor drop nor change a table.
CREATE ROLE tracker_app LOGIN PASSWORD :'app_password';
ALTER ROLE tracker_app SET timezone = 'UTC';
ALTER ROLE tracker_app SET statement_timeout = '30s';
ALTER ROLE tracker_app SET lock_timeout = '10s';
ALTER ROLE tracker_app SET idle_in_transaction_session_timeout = '60s';
-- What waits for a lock, or computes, does not notice that its client was killed, unless it looks.
ALTER ROLE tracker_app SET client_connection_check_interval = '10s';
\endif

\if :reader_is_new
-- tracker_reader reads what statistics, sessions and exports are made from (DATABASE_READ_URL), and nothing else: no
-- key's hash, no webhook. Which tables these are is the version's affair: `python -m tracker migrate` grants them.
CREATE ROLE tracker_reader LOGIN PASSWORD :'reader_password';
ALTER ROLE tracker_reader SET timezone = 'UTC';
ALTER ROLE tracker_reader SET statement_timeout = '30s';
ALTER ROLE tracker_reader SET lock_timeout = '10s';
ALTER ROLE tracker_reader SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE tracker_reader SET client_connection_check_interval = '10s';
ALTER ROLE tracker_reader SET default_transaction_read_only = on;
\endif

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
-- CREATE on the database is for the trusted extension btree_gin.
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"database" TO tracker_owner;
GRANT USAGE, CREATE ON SCHEMA public TO tracker_owner;
GRANT CONNECT ON DATABASE :"database" TO tracker_app, tracker_reader;
GRANT USAGE ON SCHEMA public TO tracker_app, tracker_reader;

-- Only its members change what a role grants by default: a superuser counts as one, rds_superuser does not.
SELECT NOT pg_has_role('tracker_owner', 'USAGE') AS is_no_member \gset
\if :is_no_member
GRANT tracker_owner TO CURRENT_USER;
\endif
-- Whatever tracker_owner creates from now on, in any later version too, tracker_app may read and write.
ALTER DEFAULT PRIVILEGES FOR ROLE tracker_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tracker_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tracker_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO tracker_app;
\if :is_no_member
REVOKE tracker_owner FROM CURRENT_USER;
\endif

COMMIT;
