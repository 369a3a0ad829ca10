"""Compute's web service under the real server, as several processes on one database, with auth beside them.

Callers are let in by access tokens that auth issued; there is no provider, so nothing is started for orders.
"""

import contextlib
import json
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.auth.deps import Deps
from services.auth.settings import load_settings
from services.auth.usecases.access_tokens import TokenRequest
from services.auth.wiring import build
from tests.auth_server import auth_environment
from tests.granian import Granian, reserved_port, starting

SECRET = "a secret of compute"
APP = "services.compute.wsgi:app"
OPTIONS = ("--workers", "1", "--blocking-threads", "8")
CLIENT = "myDIRACClientID"  # one that auth knows from its start
NOBODY = "http://127.0.0.1:9"


@dataclass(slots=True)
class ComputeSite:
    """`environ` starts one more service of the same deployment."""

    folder: Path
    environ: Mapping[str, str]
    auth: Deps = field(repr=False)

    def token(self, subject: str, *scopes: str) -> str:
        """Of an application with that subject: `client:...`."""
        asked = TokenRequest(subject=subject, scopes=scopes or ("job:read", "job:write"), client_id=CLIENT)
        return self.auth.oauth.access_tokens.issue(asked).text

    def serving(self, port: int) -> contextlib.AbstractContextManager[Granian]:
        """Starts a service at a reserved port; does not wait for it. Ends it."""
        return starting(APP, self.folder, *OPTIONS, environ=self.environ, port=port)


@contextlib.contextmanager
def compute_site(
    folder: Path, database_url: str, environments: str, **settings: str
) -> Iterator[ComputeSite]:
    """Auth runs while this lasts. `environments` is the operator's file."""
    (folder / "environments.toml").write_text(environments)
    variables = auth_environment(
        f"sqlite:///{folder}/auth.db", NOBODY, AUTH_SERVICE_CLIENTS=json.dumps({"compute": SECRET})
    )
    options = ("--workers", "1", "--blocking-threads", "16")
    with (
        starting("services.auth.wsgi:app", folder, *options, environ=variables) as auth,
        contextlib.ExitStack() as stack,
    ):
        auth.wait_until_live()
        deps = build(load_settings(variables))
        stack.callback(deps.checks["database"].__self__.dispose)  # type: ignore[attr-defined]
        environ = {
            "AUTH_URL": auth.url,
            "PROVIDER_URL": NOBODY,
            "SERVICE_SECRET": SECRET,
            "COMPUTE_DATABASE_URL": database_url,
            "COMPUTE_WORK_DIR": str(folder / "work"),
            "COMPUTE_FILES_URL": f"file://{folder}/files",
            "COMPUTE_ENVIRONMENTS_FILE": str(folder / "environments.toml"),
            "LOG_LEVEL": "WARNING",
            **settings,
        }
        yield ComputeSite(folder, environ, deps)


@contextlib.contextmanager
def compute_services(site: ComputeSite, count: int) -> Iterator[list[Granian]]:
    """So many processes, all live."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(reserved_port()) for _ in range(count)]
        servers = [stack.enter_context(site.serving(port)) for port in ports]
        for server in servers:
            server.wait_until_live()
        yield servers


def kill_server(server: Granian) -> None:
    """kill -9 of the server and its workers at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
