"""What every HTTP endpoint shares, whoever serves it.

The envelope of answers, bodies and the JSON in them, keys in headers, the caller's address, what becomes of an error.
"""
