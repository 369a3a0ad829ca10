"""Starts our processes as forks of one that has already loaded what they import from others.

Loading Flask, SQLAlchemy, Alembic and their like costs each process of ours a second of CPU, our own a
fifth of that. These each process imports itself, and prometheus_client too: it reads the environment when it
is imported. In all else a fork is as a process that was started: a session of its own, the default actions
on signals, the environment it was given, and random numbers that nobody else has.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from scripts.stack import processes

REPO = Path(__file__).resolve().parents[1]
LOADED = (
    *("alembic.autogenerate", "alembic.config", "alembic.context", "apispec", "argon2"),
    *("authlib.oauth2.rfc6749", "authlib.oauth2.rfc7523", "authlib.oauth2.rfc7636", "authlib.oauth2.rfc8628"),
    *("cryptography.hazmat.primitives.ciphers.aead", "cryptography.x509", "eth_abi.abi", "flask"),
    *("flask_smorest", "fsspec", "granian.cli", "granian.server.mp", "granian.wsgi", "gunicorn.app.wsgiapp"),
    *("gunicorn.workers.gthread", "jinja2", "joserfc.jwt", "marshmallow", "psycopg", "requests"),
    *("sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "sqlalchemy.orm", "sqlite3"),
    *("urllib3", "webargs.flaskparser"),
)


class Fork:
    """A process that leads a session of its own, with what tests ask of a subprocess.Popen."""

    def __init__(self, process: BaseProcess) -> None:
        assert process.pid is not None
        self.pid = process.pid
        self._process = process

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(module: str, arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> Fork:
    """`python -m module arguments` with this environment and no other, its output appended to `log`."""
    log.touch()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    process = context.Process(target=_run, args=(module, tuple(arguments), dict(environ), str(log)))
    process.start()
    return Fork(process)


def spawn(command: Sequence[str], environ: Mapping[str, str], log: Path, cwd: Path) -> int:
    """As `scripts.stack.processes.spawn`: modules of Python become forks, all else starts as there."""
    if list(command[:2]) != [sys.executable, "-m"] or cwd != REPO:
        return processes.spawn(command, environ, log, cwd)
    return fork(command[2], command[3:], environ, log).pid


def _run(module: str, arguments: tuple[str, ...], environ: dict[str, str], log: str) -> None:
    os.setsid()
    multiprocessing.set_start_method("fork", force=True)  # for its own children, as where nothing was forked
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(REPO)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
