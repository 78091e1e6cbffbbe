"""Access Log Tracker: a self-hosted collector of web access logs and events."""

__version__ = "0.3.0.dev0"
"""The one place of the version; `make release` sets it."""
