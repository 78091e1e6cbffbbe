"""The operator's commands: a module a group, named as it is called. Only this package knows click and rich.

main, lazy_group                                         the commands by name, each imported when it is run
options, reading_options                                 options that many commands share
output, terminal                                         tables, plain lines, JSON; text that cannot steer a terminal
connections                                              what a command opens
migrate, doctor, instance, partitions, queue, ledger     the installation; redis: the user in Redis; capacity: how large
                                                         it has to be
apps, alias, purging, keys, params, settings, webhooks   applications
stats, stats_reading, sessions, export, erase            numbers and rows
stats_report, stats_rebuild, facts_of_days               reports; days made anew, and the facts of them
import_, import_progress, import_report, imports         access logs
archive                                                  months whose files stay when their rows go
following, replacing, old_lines                          logs that grow, that are read anew, that are old
serve, worker, scheduler                                 the processes
demo, dev                                                everything at once, on private servers
"""
