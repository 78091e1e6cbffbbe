"""The receiver for any WSGI server: `gunicorn wsgi:app`, `granian --interface wsgi wsgi:app`.

Settings are read here, so that a wrong one stops the server at start; everything that connects or runs is made by
each process for itself, with the first request that needs it.
"""

from tracker import config, log
from tracker.wiring import receiver

_settings = config.load()
log.configure(_settings.log_format)
app = receiver.app(_settings)
