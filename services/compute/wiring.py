"""The only place that knows concrete classes; builds what the web app needs."""

from services.compute.deps import Deps
from services.compute.settings import Settings


def build(settings: Settings) -> Deps:
    """Jobs have no engine yet, so there is nothing to connect to and nothing that could be unready."""
    return Deps()
