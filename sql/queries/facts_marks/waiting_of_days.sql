-- Whether facts of these days of an application are to be made anew.
SELECT EXISTS (
    SELECT FROM facts_marks
    WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s
) AS waiting
