-- Whether the table is there: before `migrate` nobody can have signed out.
SELECT to_regclass('dashboard_sign_outs') IS NOT NULL AS is_there
