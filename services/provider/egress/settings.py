"""The egress process's settings: the only reader of its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.fetch.guard import parse_allow
from libs.web.settings import Env, Secret
from services.provider.egress.ticket import MIN_KEY_CHARS
from services.provider.shared_files_settings import read_shared_files

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    key: Secret  # EGRESS_KEY: shared with the provider, seals tickets
    bind: str  # EGRESS_BIND
    workers: int  # EGRESS_WORKERS: one moves about as much as nginx on the same core
    threads: int  # EGRESS_THREADS: downloads at the same time, per worker
    graceful_seconds: int  # EGRESS_GRACEFUL_SECONDS: what a stop waits for running downloads
    allow_non_public_ip: bool
    fetch_allow: str
    shared_files: str | None  # of the file catalogue: their URL up to the token
    request_timeout_seconds: float
    request_retries: int
    origin_idle_seconds: float  # EGRESS_ORIGIN_IDLE_SECONDS: longest silence inside a body
    client_idle_seconds: float  # EGRESS_CLIENT_IDLE_SECONDS: longest pause of a client that is still there
    log_level: str


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    settings = Settings(
        key=env.secret("EGRESS_KEY"),
        bind=env.text("EGRESS_BIND", "127.0.0.1:8045"),
        workers=env.int("EGRESS_WORKERS", 1, least=1, most=64),
        threads=env.int("EGRESS_THREADS", 128, least=1, most=4096),
        graceful_seconds=env.int("EGRESS_GRACEFUL_SECONDS", 30, least=1),
        allow_non_public_ip=env.bool("ALLOW_NON_PUBLIC_IP"),
        fetch_allow=_fetch_allow(env),
        shared_files=read_shared_files(env),
        request_timeout_seconds=env.float("REQUEST_TIMEOUT", 10.0, least=0.1),
        request_retries=env.int("REQUEST_RETRIES", 1, least=1, most=10),
        origin_idle_seconds=env.float("EGRESS_ORIGIN_IDLE_SECONDS", 60.0, least=0.1),
        client_idle_seconds=env.float("EGRESS_CLIENT_IDLE_SECONDS", 3600.0, least=0.1),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )
    if not env.problems and len(settings.key.reveal()) < MIN_KEY_CHARS:
        env.problem(f"EGRESS_KEY must have at least {MIN_KEY_CHARS} characters.")
    env.check()
    return settings


def _fetch_allow(env: Env) -> str:
    text = ",".join(env.list("FETCH_ALLOW"))
    try:
        parse_allow(text)
    except ValueError as error:
        env.problem(f"FETCH_ALLOW: {error}.")
    return text
