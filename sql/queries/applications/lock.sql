-- Makes other changes of an application wait until this one is over; writers of hits, who only refer to it, do not wait.
SELECT id FROM applications WHERE app_id = %(app_id)s FOR NO KEY UPDATE
