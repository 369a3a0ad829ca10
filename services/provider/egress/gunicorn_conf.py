"""How gunicorn serves the egress process; every value comes from its settings.

gthread, because a download holds its thread while it runs and a thread that waits in the kernel costs little;
the worker's heartbeat is its main thread's, so no download is ever too long for it.
"""

import os

from gunicorn.glogging import Logger

from libs.web.logs import JsonFormatter
from services.provider.egress.app import SERVICE
from services.provider.egress.settings import load_settings
from services.provider.egress.ticket import MAX_TICKET_CHARS
from services.provider.egress.worker import EgressWorker


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines in our format; requests are logged by the app."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter(SERVICE))


_settings = load_settings(os.environ)

bind = _settings.bind
worker_class = EgressWorker
workers = _settings.workers
threads = _settings.threads
worker_connections = _settings.threads + 1024
keepalive = 75  # longer than the gateway keeps its side, so that it is never us who close under a request
timeout = 60
graceful_timeout = _settings.graceful_seconds
limit_request_field_size = MAX_TICKET_CHARS + 1024
limit_request_line = 4094
logger_class = JsonLogger
loglevel = _settings.log_level.lower()
accesslog = None
control_socket_disable = True
proc_name = "tidegate-egress"
