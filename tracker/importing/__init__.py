"""Access logs that are there already: read, understood, made hits, handed on.

source          lines of a file, packed or not, in bounded memory
wrappers        what syslog, journald, Docker and Kubernetes put around a line; program_wrappers and service_wrappers
                what programs' logging and hosting services put before it
formats         which format a line has: known_formats, application_formats and service_formats (tables), json_lines,
                w3c
format_strings  a server's own format; pasted_formats finds it in a directive, apache_times reads times in parts,
                haproxy_directives has HAProxy's names and quotes, other_strings the names of others
line_format     one format of lines; line_parts has what several share, escapes undoes what its server escaped
unreadable      why a line is of no format that is known
log_record      from the fields of a line to a record, by one set of rules; log_times reads the time
logfmt, ltsv    lines of key=value pairs, and of labelled values between tabs; csv_table rows of a table
json_aliases    the names that servers give to fields of JSON; json_fields finds the texts under them,
                json_corrections has what some say in another way
record          what any line says
ordinals        which of the equal lines of a log a line is
kept_period     the times that are taken
run             lines become hits with an identity of their own
hit_maker       what is left out of them, and what the application's settings keep of the others
hosts           which site a request was for
batch           they are handed on in blocks
known_lines     those that are stored already: left alone, or written anew
runs            which file was read when, for `import list`
summary         what became of the lines
follow          logs that are followed: which, and what is stored and saved when
patient         what a follower does that may have to wait for a server
followed_log    one of them, through its rotations: pieces are its files, rotation finds and opens them
positions       the file that says how far each was read
arriving_lines  lines that arrive one by one, as by syslog
paced_queue     what is not written at once goes behind all others, and waits where workers cannot keep up
"""
