-- Gives a goal other columns.
UPDATE goals
   SET name = %(name)s, step = %(step)s, value_parameter = %(value_parameter)s
 WHERE application_id = %(application_id)s AND id = %(id)s
