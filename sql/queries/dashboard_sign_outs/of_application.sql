-- Whether a session of the dashboard was ended, and when its application was last changed: one look for each page.
SELECT applications.updated_at AS changed_at,
       EXISTS (SELECT FROM dashboard_sign_outs WHERE session_id = %(session_id)s) AS signed_out
  FROM applications
 WHERE applications.app_id = %(app_id)s
