"""Sending webhooks, in the scheduler's process. Only this package knows requests, urllib3 and standardwebhooks.

sender          one run: claim what is due, send it, record what became of it
concurrency     how many deliveries an endpoint may have in flight, so that a bad one holds up itself alone (a bulkhead)
attempt         one attempt: decrypt the secrets, sign, post
endpoint        what the sender knows of a client and its answers
http_client     connections to one endpoint: only to checked addresses, kept for the next delivery
client_settings what all clients share
response        an answer, read within bounds: bytes, informational answers
deadlines       what takes too long has its socket shut
retry_policy    what an answer means: delivered, again when, or failed; pure
recording       attempts and streaks of failures into the database; endpoints that nobody answers for are disabled
backlog_limit   for which endpoints too much waits
error_messages  why no answer came, in words
"""
