"""Sending webhooks, in the scheduler's process. Only this room knows requests, urllib3 and standardwebhooks.

sender     one turn: claim what is due, send it, record what became of it
lanes      who may send how much at a time, so that a bad endpoint holds up itself alone
attempt    one attempt: open the secrets, sign, post
outlet     connections to one endpoint: only to checked addresses, kept for the next delivery
response   an answer, read within bounds: bytes, informational answers
deadlines  what takes too long has its socket shut
verdict    what an answer means: delivered, again when, or failed; pure
streaks    what a batch of attempts says of each endpoint; pure
recording  attempts and streaks into the database; endpoints that nobody answers for are disabled
backlogs   for which endpoints too much waits
failures   why no answer came, in words
"""
