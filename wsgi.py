"""The receiver for any WSGI server: `granian --interface wsgi wsgi:app`, `gunicorn wsgi:app`.

Settings are read here, so that a wrong one stops the server at start; everything that connects or runs is made by
each process for itself, with the first request that needs it.
"""

from functools import partial

from tracker import config, log
from tracker.receiver.app import create_app
from tracker.receiver.per_process import PerProcess
from tracker.wiring.receiver import receiver

_settings = config.load()
log.configure(_settings.log_format)
app = create_app(PerProcess(partial(receiver, _settings)))
