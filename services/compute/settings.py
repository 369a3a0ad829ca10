"""The compute service's settings: the only reader of its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.web.client_certificate import CertificateHeaders, configured_headers
from libs.web.settings import Env, Secret

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Values only; secrets hide themselves."""

    auth_url: str  # whose credentials and tokens are asked there
    service_secret: Secret  # proves us to auth for service tokens
    auth_timeout_seconds: float
    certificate_headers: CertificateHeaders
    log_level: str


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    settings = Settings(
        auth_url=env.http_url("AUTH_URL"),
        service_secret=env.secret("SERVICE_SECRET"),
        auth_timeout_seconds=env.float("AUTH_TIMEOUT", 5.0, least=0.1),
        certificate_headers=configured_headers(env),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )
    env.check()
    return settings
