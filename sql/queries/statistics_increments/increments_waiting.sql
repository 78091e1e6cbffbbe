-- Whether anything of an application waits to be counted.
SELECT EXISTS (SELECT FROM statistics_increments WHERE application_id = %(application_id)s) AS waiting
