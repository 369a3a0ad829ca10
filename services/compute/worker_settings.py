"""The compute worker's settings: the only reader of its environment."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from libs.web.settings import Env
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
        health_host=env.text("WORKER_HEALTH_HOST", "127.0.0.1"),
        health_port=env.int("WORKER_HEALTH_PORT", 8048, most=65535),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )
    if settings.storage.environments_file is None:
        env.problem("COMPUTE_ENVIRONMENTS_FILE must be set.")
    env.check()
    return settings


def _name(env: Env) -> str:
    """Unlike that of any other worker, this one's last life included."""
    name = env.text("WORKER_NAME", f"{socket.gethostname()[:48]}-{os.getpid()}")
    if _NAME.fullmatch(name) is None:
        env.problem("WORKER_NAME must be up to 64 letters, digits and characters of ._:- .")
    return name
