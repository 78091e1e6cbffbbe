"""Access Log Tracker: a self-hosted collector of web access logs and events."""

__version__ = "0.1.0"
