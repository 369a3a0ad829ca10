"""`granian --interface wsgi services.auth.wsgi:app`: settings from the environment, all built once."""

import os

from libs.web.worker import end_when_told, settle

end_when_told()

from libs.web.logs import configure_logging
from services.auth.app import create_app
from services.auth.settings import load_settings
from services.auth.wiring import build

settings = load_settings(os.environ)
configure_logging("auth", settings.log_level)
app = create_app(build(settings))
settle()
