"""Access logs that are there already: read, understood, made hits, queued.

source          lines of a file, packed or not, in bounded memory
wrappers        what syslog, journald, Docker and Kubernetes put around a line
formats         which format a line has: known_formats (a table), format_strings (a server's own), json_lines, w3c
line_format     one format of lines; escapes undoes what its server escaped
log_record      from the fields of a line to a record, by one set of rules; log_times reads the time
json_aliases    the names that servers give to fields of JSON
record          what any line says
ordinals        which of the equal lines of a log a line is
run             lines become hits with an identity of their own
summary         what became of the lines
paced_queue     the hits go behind all others, and wait where workers cannot keep up
"""
