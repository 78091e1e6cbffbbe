-- Whether a session of the dashboard was ended.
SELECT EXISTS (SELECT FROM dashboard_sign_outs WHERE session_id = %(session_id)s) AS signed_out
