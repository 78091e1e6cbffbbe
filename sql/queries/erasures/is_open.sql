-- Whether an erasure is there and not done.
SELECT EXISTS (SELECT FROM erasures WHERE id = %(id)s AND state <> 'done') AS open
