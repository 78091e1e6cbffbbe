-- Waits for maintenance on the tables and keeps it out; neither readers nor writers notice this lock or the wait for it.
LOCK TABLE applications, access_logs, custom_parameter_values IN SHARE UPDATE EXCLUSIVE MODE
