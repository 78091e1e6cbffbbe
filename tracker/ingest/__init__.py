"""The workers' room: claim, read, check, write, settle.

drain       turns until the queue is dry or the time is over
held        what this drain has claimed and not yet settled
applications  the applications and definitions that hits name, kept for a few seconds
read        an entry becomes a hit, or a failure with a reason
parameters  custom parameters against their definitions
activity    what hits add to sessions
increments  what they add to the statistics
visitors    the digests that statistics know visitors and sessions by
write       the one transaction of a batch
isolate     a batch that the database refuses is halved until the bad ones are alone
"""
