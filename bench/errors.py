"""What can go wrong in a benchmark: one thing."""


class NotMeasured(Exception):
    """A row has no figure; the message says why."""
