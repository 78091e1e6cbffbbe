-- Removes a member, or withdraws an invitation.
DELETE FROM members
 WHERE application_id = %(application_id)s AND id = %(id)s
RETURNING name, role, key_id
