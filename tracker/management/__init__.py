"""What operators do to applications, parameters, settings and failed hits, and how they see that all is well.

Each function opens its own transaction, checks what it is given, and raises Refused with a sentence for people. The
commands are its callers today.
"""
