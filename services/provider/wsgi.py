"""`granian --interface wsgi services.provider.wsgi:app`: settings from the environment, all built once."""

import os

from libs.web.worker import end_when_told, settle

end_when_told()

from libs.web.logs import configure_logging
from services.provider.app import create_app
from services.provider.settings import load_settings
from services.provider.wiring import build

settings = load_settings(os.environ)
configure_logging("provider", settings.log_level)
app = create_app(settings, build(settings))
settle()
