-- One hit by its primary key, whose created_at leads to one partition only.
SELECT {columns}
  FROM access_logs
 WHERE id = %(id)s AND created_at = %(created_at)s
