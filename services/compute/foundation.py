"""What the web app and the worker build alike, from settings they share: environments, engines, peers."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.settings import BadSettings
from services.compute.adapters.catalogue_http import CatalogueHttp, NoCatalogue
from services.compute.adapters.engines.process.engine import ProcessEngine
from services.compute.adapters.grant_stream import GrantStream
from services.compute.adapters.provider_http import ProviderHttp
from services.compute.domain.environment_file import (
    BadEnvironmentFile,
    EnvironmentFile,
    read_environment_file,
)
from services.compute.domain.quotas import Quotas
from services.compute.ports.engines import Engine
from services.compute.ports.lfns import LogicalFiles
from services.compute.settings import EngineSettings, Peers, Storage

SERVICE: Final = "compute"
PROCESS_FOLDER: Final = ".process"  # below the work folder: the process engine's own state


def _process(work: Path, settings: EngineSettings) -> Engine:
    return ProcessEngine(work / PROCESS_FOLDER, host_network=settings.process_host_network)


def _docker(work: Path, settings: EngineSettings) -> Engine:
    # The SDK is slow to import: only where an environment wants it.
    from services.compute.adapters.engines.docker.engine import DockerEngine

    return DockerEngine(work, settings.docker_url, settings.docker_gpus, settings.docker_networks)


_ENGINES: Final[Mapping[str, Callable[[Path, EngineSettings], Engine]]] = {
    "process": _process,
    "docker": _docker,
}


def read_environments(storage: Storage) -> EnvironmentFile:
    """What the operator's file says; nothing without one. Raises BadSettings."""
    path = storage.environments_file
    if path is None:
        return EnvironmentFile((), Quotas())
    try:
        return read_environment_file(path.read_text(encoding="utf-8"))
    except BadEnvironmentFile as error:
        raise BadSettings([f"COMPUTE_ENVIRONMENTS_FILE: {problem}" for problem in error.problems]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(["COMPUTE_ENVIRONMENTS_FILE names a file that cannot be read."]) from error


def build_engines(names: Iterable[str], work: Path, settings: EngineSettings) -> dict[str, Engine]:
    """By name; one that is not built in is left out. Nothing is asked of an engine yet."""
    wanted = dict.fromkeys(names)
    return {name: _ENGINES[name](work, settings) for name in wanted if name in _ENGINES}


def service_tokens(peers: Peers) -> ServiceTokens:
    return ServiceTokens(peers.auth_url, SERVICE, peers.service_secret, peers.auth_timeout_seconds)


def catalogue(peers: Peers, tokens: ServiceTokens) -> LogicalFiles:
    if peers.catalogue_url is None:
        return NoCatalogue()
    client = InternalClient(peers.catalogue_url, "catalogue", tokens, peers.provider_timeout_seconds)
    return CatalogueHttp(client)


def provider(peers: Peers, tokens: ServiceTokens) -> ProviderHttp:
    client = InternalClient(peers.provider_url, "provider", tokens, peers.provider_timeout_seconds)
    return ProviderHttp(client, GrantStream(peers.provider_url, tokens))
