"""The connection to the Docker Engine: made at first use, kept, and never a verdict when it breaks."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests
import urllib3.exceptions

from services.compute.ports.engines import EngineAway

DEFAULT_URL = "unix:///var/run/docker.sock"
TIMEOUT_SECONDS = 60
CONNECTIONS = 64  # two streams for each run, and the questions
BROKEN = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"']+", re.IGNORECASE)
_KEPT_CHARS = 500


class Daemon:
    """Whatever is asked inside `asking()` raises EngineAway when the engine does not answer; refusals of the
    engine itself stay docker.errors.APIError.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._api: Any = None

    @property
    def api(self) -> Any:
        """docker.APIClient, at the version that both sides know."""
        _knock(self.url)
        with self._lock:
            if self._api is None:
                self._api = docker.APIClient(
                    self.url, version="auto", timeout=TIMEOUT_SECONDS, max_pool_size=CONNECTIONS
                )
            return self._api

    @contextlib.contextmanager
    def asking(self) -> Iterator[Any]:
        """The API. Raises EngineAway."""
        try:
            yield self.api
        except docker.errors.APIError as error:
            if error.response is not None and error.response.status_code in (502, 503):
                raise self.away() from error
            raise
        except (docker.errors.DockerException, *BROKEN) as error:
            raise self.away() from error

    def away(self) -> EngineAway:
        return EngineAway(
            f"The Docker Engine at {self.url} does not answer. Start it (systemctl start docker, or "
            "scripts/setup/docker.sh) and let the worker's user into the group of its socket."
        )

    @contextlib.contextmanager
    def stream(self, path: str, options: Mapping[str, str]) -> Iterator[urllib3.response.BaseHTTPResponse]:
        """The raw answer to a GET, with no time limit between its bytes. Raises EngineAway, BROKEN."""
        with self.asking() as api:
            pass
        url = f"{api.base_url}/v{api.api_version}{path}"
        with api.get(url, params=options, stream=True, timeout=(TIMEOUT_SECONDS, None)) as answer:
            answer.raise_for_status()
            yield answer.raw

    @contextlib.contextmanager
    def posted(self, path: str, body: Mapping[str, Any]) -> Iterator[urllib3.response.BaseHTTPResponse]:
        """As stream, of a POST."""
        with self.asking() as api:
            pass
        url = f"{api.base_url}/v{api.api_version}{path}"
        with api.post(url, json=body, stream=True, timeout=(TIMEOUT_SECONDS, None)) as answer:
            answer.raise_for_status()
            yield answer.raw

    def has_file(self, container: str, path: str) -> bool:
        """Whether the container holds `path`, running or not."""
        with self.asking() as api:
            url = f"{api.base_url}/v{api.api_version}/containers/{container}/archive"
            return bool(api.head(url, params={"path": path}, timeout=TIMEOUT_SECONDS).status_code == 200)

    def began_at(self) -> float | None:
        """When the engine, or the whole machine, was last started; None when that cannot be told."""
        times = [_boot_time()]
        if self.url.startswith("unix://"):
            bound = Path(self.url.removeprefix("unix://"))
            for file in (bound, bound.with_suffix(".pid")):
                with contextlib.suppress(OSError):
                    times.append(file.stat().st_mtime)
        return max((time for time in times if time is not None), default=None)

    def close(self) -> None:
        with self._lock:
            if self._api is not None:
                self._api.close()
                self._api = None


def status_of(error: docker.errors.APIError) -> int:
    return int(error.response.status_code) if error.response is not None else 0


def words_of(error: Exception) -> str:
    """What the engine itself said, one line, without any address."""
    text = str(getattr(error, "explanation", None) or error)
    return plain(text)


def plain(text: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _ADDRESS.sub("(address)", line)[:_KEPT_CHARS]


def _knock(url: str) -> None:
    """Raises OSError when nobody listens: the SDK would tell that too, and leave a socket open each time."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(url.removeprefix("unix://"))


def _boot_time() -> float | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/stat").read_text().splitlines():
            if line.startswith("btime "):
                return float(line.split()[1])
    return None
