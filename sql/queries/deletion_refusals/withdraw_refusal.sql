-- What was refused is not any more.
DELETE FROM deletion_refusals WHERE subject = %(subject)s
