"""The compute worker's settings: the only reader of its environment."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from libs.fetch.guard import parse_allow
from libs.web.settings import Env, Secret
from services.compute.settings import (
    LOG_LEVELS,
    EngineSettings,
    Peers,
    Storage,
    read_engines,
    read_peers,
    read_storage,
)

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Values only. `engines` empty: those that the environments name."""

    storage: Storage
    peers: Peers
    engine_settings: EngineSettings
    name: str  # of this worker: who holds a lease
    lease_seconds: float
    poll_seconds: float
    engines: tuple[str, ...]
    allow_non_public_ip: bool  # as origins of inputs and receivers of notices
    fetch_allow: str  # host:port, ... that may be private
    smtp_url: Secret | None  # None: no letters are sent
    mail_from: str
    sandbox_keep_seconds: float  # of uploaded files, since they were written
    health_host: str
    health_port: int  # 0: any free one
    log_level: str


def load_worker_settings(environ: Mapping[str, str]) -> WorkerSettings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    settings = WorkerSettings(
        storage=read_storage(env),
        peers=read_peers(env),
        engine_settings=read_engines(env),
        name=_name(env),
        lease_seconds=env.float("WORKER_LEASE_SECONDS", 30.0, least=1.0),
        poll_seconds=env.float("WORKER_POLL_SECONDS", 0.2, least=0.01),
        engines=env.list("WORKER_ENGINES"),
        allow_non_public_ip=env.bool("ALLOW_NON_PUBLIC_IP"),
        fetch_allow=_fetch_allow(env),
        smtp_url=_smtp_url(env),
        mail_from=env.text("COMPUTE_MAIL_FROM", "tidegate@localhost"),
        sandbox_keep_seconds=env.float("COMPUTE_SANDBOX_KEEP_SECONDS", 2592000, least=60),
        health_host=env.text("WORKER_HEALTH_HOST", "127.0.0.1"),
        health_port=env.int("WORKER_HEALTH_PORT", 8048, most=65535),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )
    if settings.storage.environments_file is None:
        env.problem("COMPUTE_ENVIRONMENTS_FILE must be set.")
    env.check()
    return settings


def _smtp_url(env: Env) -> Secret | None:
    found = env.optional_secret("COMPUTE_SMTP_URL")
    if found is not None and not found.reveal().startswith(("smtp://", "smtps://")):
        env.problem("COMPUTE_SMTP_URL must start with smtp:// or smtps://.")
    return found


def _fetch_allow(env: Env) -> str:
    text = ",".join(env.list("FETCH_ALLOW"))
    try:
        parse_allow(text)
    except ValueError as error:
        env.problem(f"FETCH_ALLOW: {error}.")
    return text


def _name(env: Env) -> str:
    """Unlike that of any other worker, this one's last life included."""
    name = env.text("WORKER_NAME", f"{socket.gethostname()[:48]}-{os.getpid()}")
    if _NAME.fullmatch(name) is None:
        env.problem("WORKER_NAME must be up to 64 letters, digits and characters of ._:- .")
    return name
