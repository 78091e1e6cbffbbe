-- The two tables for nobody else, in the order in which writers take them, so that the two do not deadlock.
LOCK TABLE ONLY access_logs, ONLY custom_parameter_values IN ACCESS EXCLUSIVE MODE
