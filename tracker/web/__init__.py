"""What every HTTP endpoint shares, whoever serves it.

envelope            the JSON of every answer, also of errors that nobody meant as one
body                a request's body, whole or refused
timestamps          days and times as requests write them
request_headers     who sent a request: key, address, user agent; forwarded reads one of the headers
authentication      who presents a key, and what too many wrong ones lead to
key_usage           when each key was last used
circuit_breaker     no request waits for a server that has just failed
token_bucket        the rate limiters within a process
"""
