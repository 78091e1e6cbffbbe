"""Access Log Tracker: a self-hosted collector of web access logs and events."""

__version__ = "0.2.0"
"""The one place of the version; `make release` sets it."""
