"""The provider under its real server, several workers, on a free port, for tests of whole requests."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.fakes.provider import environment
from tests.granian import Granian, serving


@contextlib.contextmanager
def provider_server(folder: Path, workers: int = 3, **variables: str) -> Iterator[Granian]:
    """Starts it, waits until it is live, stops it. `variables` are settings beside the smallest set."""
    options = ("--workers", str(workers), "--blocking-threads", "8")
    with serving("services.provider.wsgi:app", folder, *options, environ=environment(**variables)) as server:
        yield server
