"""Auth, alone or with the provider, under the real server, several workers each."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.fakes.provider import environment as provider_environment
from tests.granian import Granian, reserved_port, starting
from tests.waiting import wait_for

SERVICE_SECRET = "a secret of the provider"
ISSUER = "http://gateway.test"
SECONDS = 30


@dataclass(frozen=True, slots=True)
class AuthPair:
    auth: Granian
    provider: Granian


def auth_environment(database_url: str, provider_url: str, **changes: str) -> dict[str, str]:
    """The smallest set of variables that auth starts with, and `changes`."""
    return {
        "AUTH_DATABASE_URL": database_url,
        "AUTH_ISSUER": ISSUER,
        "AUTH_KEY_SECRET": "a secret for keys at rest",
        "AUTH_SERVICE_CLIENTS": json.dumps({"provider": SERVICE_SECRET}),
        "PROVIDER_URL": provider_url,
        **changes,
    }


@contextlib.contextmanager
def auth_pair(
    folder: Path, auth_database: str, provider_database: str, workers: int = 2, **provider: str
) -> Iterator[AuthPair]:
    """Both services, knowing each other; `provider` are more settings of the provider."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(reserved_port()) for _ in range(2)]
        auth_url, provider_url = (f"http://127.0.0.1:{port}" for port in ports)
        settings = {
            "auth": auth_environment(auth_database, provider_url),
            "provider": provider_environment(
                PROVIDER_DATABASE_URL=provider_database,
                AUTH_URL=auth_url,
                SERVICE_SECRET=SERVICE_SECRET,
                **provider,
            ),
        }
        servers = [
            stack.enter_context(_starting(name, folder, settings[name], workers, port))
            for name, port in zip(("auth", "provider"), ports, strict=True)
        ]
        for running in servers:
            running.wait_until_live()
        pair = AuthPair(*servers)
        wait_for(lambda: knows_auths_keys(pair), "every worker of the provider to know auth's keys")
        yield pair


def knows_auths_keys(pair: AuthPair) -> bool:
    """The provider starts first: until its workers have asked auth for its keys again they answer 503."""
    form = {"grant_type": "client_credentials"}
    credentials = ("provider", SERVICE_SECRET)
    token = requests.post(f"{pair.auth.url}/internal/token", form, auth=credentials, timeout=SECONDS).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    url = f"{pair.provider.url}/internal/chains"
    # 403: the provider knows whom it refuses. Each connection is another chance to meet each worker.
    return all(requests.get(url, headers=headers, timeout=SECONDS).status_code == 403 for _ in range(16))


def auth_starting(
    folder: Path, variables: Mapping[str, str], workers: int
) -> contextlib.AbstractContextManager[Granian]:
    """Starts auth alone; does not wait for it. Stops it at the end."""
    return _starting("auth", folder, variables, workers)


def _starting(
    name: str, folder: Path, variables: Mapping[str, str], workers: int, port: int | None = None
) -> contextlib.AbstractContextManager[Granian]:
    options = ("--workers", str(workers), "--blocking-threads", "16")
    return starting(f"services.{name}.wsgi:app", folder, *options, environ=variables, port=port)
