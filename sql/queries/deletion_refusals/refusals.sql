-- What is not deleted although it is due, and why.
SELECT subject, reason, since FROM deletion_refusals ORDER BY subject
