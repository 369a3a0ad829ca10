"""A trial app of which one worker loads at once, and every other for ever."""

from libs.web.worker import end_when_told

end_when_told()

import os
import threading
from pathlib import Path

folder = Path(os.environ["SLOW_TRIAL"])
try:
    (folder / "first").touch(exist_ok=False)
except FileExistsError:
    (folder / "loading").touch()
    threading.Event().wait()

from tests.integration.web.trial import create_app

app = create_app()
