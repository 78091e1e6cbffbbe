-- Gives a funnel another name and other steps.
UPDATE funnels
   SET name = %(name)s, steps = %(steps)s
 WHERE application_id = %(application_id)s AND id = %(id)s
