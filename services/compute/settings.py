"""The compute service's settings: the only reader of its environment (the worker's: worker_settings.py)."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from libs.web.client_certificate import CertificateHeaders, configured_headers
from libs.web.settings import Env, Secret
from services.compute.dcp_settings import DcpSettings, read_dcp
from services.compute.openpai_settings import OpenPaiSettings, read_openpai

LEAST_NETWORK = 24  # as a prefix: room for a few jobs
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What service and workers share: both must be given the same."""

    database_url: Secret
    work_dir: Path  # of jobs that are under way
    files_url: Secret  # fsspec URL of what is kept; may hold keys
    site_url: Secret  # fsspec URL of the site's storage; may hold keys
    environments_file: Path | None  # None: no environments, so no jobs are taken
    catalogue_bytes: int  # of all that is kept for the file catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """The services we call."""

    auth_url: str  # whose credentials and tokens are asked there
    provider_url: str  # orders, nonces and the bytes of assets
    catalogue_url: str | None  # logical files; None: there are none
    service_secret: Secret  # proves us to auth for service tokens
    auth_timeout_seconds: float
    provider_timeout_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    process_host_network: bool  # jobs of the process engine may have this machine's network
    docker_url: str
    docker_gpus: int
    docker_networks: IPv4Network  # of which the networks of gathered jobs are parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ProminenceSettings:
    exit_completes: bool  # a job whose program failed counts as completed
    errands: int  # commands and snapshots waited for at the same time, per process


@dataclass(frozen=True, slots=True, kw_only=True)
class DiracSettings:
    sites: Mapping[str, tuple[str, ...]]  # names of sites by environment; none: all names stand for all
    setup: str  # of jobs of credentials that name none
    sandbox_bytes: int  # of the files that come with one request
    jobs: int  # that one request brings
    reschedules: int  # of one job
    shows_all: bool  # whoever is in a virtual organisation sees all its jobs
    sandbox_form: str  # archives that nobody asked for in another form


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Values only; secrets hide themselves."""

    storage: Storage
    peers: Peers
    engines: EngineSettings
    sandbox_bytes: int  # of one uploaded file
    sandboxes_bytes: int  # of all uploaded files of one owner
    streams: int  # events and logs followed at the same time, per process; below the number of its threads
    bare_environments: bool  # computeEnvironments as a list, not by chain
    public_url: str  # where clients reach us, for links; empty: as they reached us each time
    prominence: ProminenceSettings
    dirac: DiracSettings
    openpai: OpenPaiSettings
    dcp: DcpSettings
    certificate_headers: CertificateHeaders
    log_level: str


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    settings = Settings(
        storage=read_storage(env),
        peers=read_peers(env),
        engines=read_engines(env),
        sandbox_bytes=env.int("COMPUTE_SANDBOX_BYTES", 1073741824, least=1),
        sandboxes_bytes=env.int("COMPUTE_SANDBOXES_BYTES", 10737418240, least=1),
        streams=env.int("COMPUTE_STREAMS", 32, least=1),
        bare_environments=env.bool("COMPUTE_BARE_ENVIRONMENTS"),
        public_url=_public_url(env),
        prominence=ProminenceSettings(
            exit_completes=env.bool("COMPUTE_PROMINENCE_EXIT_COMPLETES"),
            errands=env.int("COMPUTE_ERRANDS", 8, least=1),
        ),
        dirac=DiracSettings(
            sites=_sites(env),
            setup=next(iter(env.list("DIRAC_SETUPS")), "Production"),
            sandbox_bytes=env.int("COMPUTE_DIRAC_SANDBOX_BYTES", 104857600, least=1),
            jobs=env.int("COMPUTE_DIRAC_JOBS", 1000, least=1, most=10_000),
            reschedules=env.int("COMPUTE_DIRAC_RESCHEDULES", 3, least=0, most=1000),
            shows_all=env.bool("DIRAC_GLOBAL_JOBS_INFO"),
            sandbox_form=_sandbox_form(env),
        ),
        openpai=read_openpai(env),
        dcp=read_dcp(env),
        certificate_headers=configured_headers(env),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )
    env.check()
    return settings


def _sites(env: Env) -> Mapping[str, tuple[str, ...]]:
    """`{"<environment>": ["<site>", ...]}`"""
    found = env.json("COMPUTE_DIRAC_SITES", {})
    is_good = isinstance(found, dict) and all(
        isinstance(names, list) and names and all(isinstance(name, str) and name.strip() for name in names)
        for names in found.values()
    )
    if not is_good:
        env.problem("COMPUTE_DIRAC_SITES must be a JSON object of lists of names, by environment.")
        return {}
    return {environment: tuple(names) for environment, names in found.items()}


def _sandbox_form(env: Env) -> str:
    usual = env.choice("DIRAC_SANDBOX_DEFAULT", ("gz", "bz2", "zst"), "gz")
    return f"tar.{usual}"


def _public_url(env: Env) -> str:
    """The canonical one of several."""
    first = next(iter(env.list("PUBLIC_URL")), "").rstrip("/")
    if first and not first.startswith(("http://", "https://")):
        env.problem("PUBLIC_URL must hold http or https URLs.")
    return first


def read_storage(env: Env) -> Storage:
    """Problems are collected in `env`."""
    folder = env.text("COMPUTE_WORK_DIR")
    if folder and not folder.startswith("/"):
        env.problem("COMPUTE_WORK_DIR must be an absolute path.")
    file = env.optional("COMPUTE_ENVIRONMENTS_FILE")
    return Storage(
        database_url=env.secret("COMPUTE_DATABASE_URL"),
        work_dir=Path(folder),
        files_url=env.optional_secret("COMPUTE_FILES_URL") or Secret(f"file://{folder}/kept"),
        site_url=env.optional_secret("COMPUTE_OPENPAI_STORAGE_URL") or Secret(f"file://{folder}/storage"),
        environments_file=None if file is None else Path(file),
        catalogue_bytes=env.int("COMPUTE_CATALOGUE_BYTES", 107374182400, least=0),
    )


def read_peers(env: Env) -> Peers:
    return Peers(
        auth_url=env.http_url("AUTH_URL"),
        provider_url=env.http_url("PROVIDER_URL"),
        catalogue_url=_optional_url(env, "CATALOGUE_URL"),
        service_secret=env.secret("SERVICE_SECRET"),
        auth_timeout_seconds=env.float("AUTH_TIMEOUT", 5.0, least=0.1),
        provider_timeout_seconds=env.float("PROVIDER_TIMEOUT", 45.0, least=0.1),
    )


def _optional_url(env: Env, name: str) -> str | None:
    return None if env.optional(name) is None else env.http_url(name)


def read_engines(env: Env) -> EngineSettings:
    return EngineSettings(
        process_host_network=env.bool("PROCESS_HOST_NETWORK"),
        docker_url=env.text("DOCKER_HOST", "unix:///var/run/docker.sock"),
        docker_gpus=env.int("DOCKER_GPUS", 0),
        docker_networks=_network(env, "DOCKER_NETWORKS", "10.212.0.0/14"),
    )


def _network(env: Env, name: str, default: str) -> IPv4Network:
    try:
        found = IPv4Network(env.text(name, default))
    except ValueError:
        env.problem(f"{name} is no IPv4 network such as {default}.")
        return IPv4Network(default)
    if found.prefixlen > LEAST_NETWORK:
        env.problem(f"{name} is smaller than /{LEAST_NETWORK}.")
    return found
