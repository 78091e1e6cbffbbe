"""What operators do to applications, keys, parameters, settings, webhooks and failed hits.

Each function opens its own transaction, checks what it is given, and raises Refused with a sentence for people. The
commands, the API and the dashboard call it.
"""
