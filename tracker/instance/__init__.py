"""That PostgreSQL and Redis belong together: compared at start and every few seconds, by every process.

check     the comparison
claim     what Redis says of whose it is
operator  what an operator asks and says about it
"""
