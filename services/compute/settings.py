"""The compute service's settings: the only reader of its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.web.settings import Env

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Values only."""

    log_level: str = "INFO"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with every problem found."""
    env = Env(environ)
    settings = Settings(log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"))
    env.check()
    return settings
