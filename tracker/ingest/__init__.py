"""The workers' side: claim, read, check, write, settle.

drain         turns until the queue is dry or the time is over
held          what this drain has claimed and not yet settled
read          an entry becomes a hit, or a failure with a reason
check         against its application, whose definitions applications keeps for a few seconds
variety       how many different values of a parameter a day tells apart
parts         a batch in parts, so that nobody waits for the whole of a large or a bad one
parameters    custom parameters against their definitions
write         the one transaction of a batch: hits, values, sessions (activity), statistics (increments, visitors)
isolate       a batch that the database refuses is halved until the bad ones are alone
announcing    deliveries for the webhooks that subscribe to what the batch brought
tally         what a drain did, counted and logged
filtered      beside it: how many hits the receivers left out
"""
