"""What every HTTP endpoint shares, whoever serves it.

envelope            the JSON of every answer, also of errors that nobody meant as one
body, json_rules    a request's body, whole or refused, and what JSON it may hold
timestamps          days and times as requests write them
client_address      whose word about the caller's address counts; forwarded reads one of the headers
authentication      who presents a key, and what too many wrong ones lead to
key_usage           when each key was last used
circuit_breaker     no request waits for a server that has just failed
token_bucket        the rate limiters within a process
"""
