-- Give a lease back, where it is still ours.
DELETE FROM leases WHERE name = %(name)s AND owner = %(owner)s
