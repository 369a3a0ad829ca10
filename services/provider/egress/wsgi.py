"""`app` for gunicorn: `gunicorn -c services/provider/egress/gunicorn_conf.py
services.provider.egress.wsgi:app`.
"""

import os

from libs.web.logs import configure_logging
from libs.web.worker import settle
from services.provider.adapters.origins import GuardedOrigins, make_fetcher
from services.provider.egress.app import SERVICE, EgressApp
from services.provider.egress.relay import OriginRelay
from services.provider.egress.settings import Settings, load_settings
from services.provider.egress.stream import Patience
from services.provider.egress.ticket import SealedTickets


def create_app(settings: Settings) -> EgressApp:
    fetcher = make_fetcher(
        allow_non_public_ip=settings.allow_non_public_ip,
        fetch_allow=settings.fetch_allow,
        shared_files=settings.shared_files,
        request_timeout=settings.request_timeout_seconds,
        idle_seconds=settings.origin_idle_seconds,
    )
    return EgressApp(
        SealedTickets(settings.key.reveal()),
        OriginRelay(GuardedOrigins(fetcher, settings.request_retries)),
        Patience(settings.origin_idle_seconds, settings.client_idle_seconds),
    )


_settings = load_settings(os.environ)
configure_logging(SERVICE, _settings.log_level)
app = create_app(_settings)
settle()
