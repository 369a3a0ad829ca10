"""The command line and the environment of each process of a native stack."""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.stack import environments, openpai_storage
from scripts.stack.config import CATALOGUE_KEY, PROVIDER_KEY, REPO, StackConfig

SERVICES = ("auth", "provider", "catalogue", "compute")  # the WSGI apps
# A secret variable reaches only the processes that own it, whatever the caller's environment holds.
SECRET_OWNERS: Mapping[str, tuple[str, ...]] = {
    "PROVIDER_PRIVATE_KEY": ("provider",),
    "UNIVERSAL_PRIVATE_KEY": ("provider",),
    "PROVIDER_KEYSTORE_PASSWORD": ("provider",),
    "EGRESS_KEY": ("provider", "egress"),
    "CATALOGUE_PRIVATE_KEY": ("catalogue", "indexer"),
    "FILECATALOGUE_DATABASE_URL": ("catalogue",),
    "AUTH_KEY_SECRET": ("auth",),
    "AUTH_SERVICE_CLIENTS": ("auth",),
    "AUTH_ADMIN_PASSWORD": ("auth",),
    "LOWDB_PASSWD": ("auth",),
    "DEFAULT_PAI_ADMIN_PASSWORD": ("auth",),
    "CERTIFICATE_PROXY_SECRET": ("auth", "catalogue", "compute"),
    "COMPUTE_FILES_URL": ("compute", "worker"),
    "COMPUTE_DCP_GROUPS": ("compute",),
    "COMPUTE_OPENPAI_STORAGE_URL": ("compute", "worker"),
    "COMPUTE_SMTP_URL": ("worker",),
}
THREADS = {"provider": 16, "auth": 16, "catalogue": 8, "compute": 48}  # compute: each stream holds one
MODULES = {"indexer": "services.catalogue.indexer", "worker": "services.compute.worker"}


@dataclass(frozen=True, slots=True)
class Secrets:
    """Files with the development secrets of one run folder, made once and kept."""

    folder: Path

    def file(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_hex(32))
        return str(path)

    def text(self, name: str) -> str:
        return Path(self.file(name)).read_text()

    def service_clients(self) -> str:
        path = self.folder / "service_clients.json"
        clients = {name: self.text(f"service_{name}") for name in ("provider", "catalogue", "compute")}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            json.dump(clients, handle)
        return str(path)


def proxy_secret(config: StackConfig) -> str:
    """What the gateway sends along with client certificates."""
    given = config.environment.get("CERTIFICATE_PROXY_SECRET")
    return given or Secrets(config.run_dir / "secrets").text("certificate_proxy")


def command(config: StackConfig, name: str) -> list[str]:
    """argv of one of our own processes."""
    python = sys.executable
    if name in MODULES:
        return [python, "-m", MODULES[name]]
    if name == "egress":
        app = "services.provider.egress.wsgi:app"
        return [python, "-m", "gunicorn", "-c", "services/provider/egress/gunicorn_conf.py", app]
    options = {
        "--interface": "wsgi",
        "--http": "1",
        "--host": "127.0.0.1",
        "--port": str(getattr(config.ports, name)),
        "--workers": str(config.workers),
        "--blocking-threads": str(THREADS[name]),
        "--backlog": "2048",
        # Less than the grace of `stop` in processes.py: a worker that hangs is killed by its main process,
        # not left behind by one that was killed itself.
        "--workers-kill-timeout": "15",
    }
    flags = ["--no-ws", "--no-access-log", "--respawn-failed-workers"]
    argv = [part for pair in options.items() for part in pair]
    return [python, "-m", "granian", *argv, *flags, f"services.{name}.wsgi:app"]


def environment(config: StackConfig, name: str) -> dict[str, str]:
    """The caller's environment less other services' secrets, over the stack's defaults."""
    passed = {
        key: value
        for key, value in config.environment.items()
        if name in SECRET_OWNERS.get(key.removesuffix("_FILE"), (name,))
    }
    chosen = _defaults(config, name) | passed
    if name in ("provider", "egress", "worker"):
        # The one private address a development stack may fetch from, besides what the caller names.
        own = f"127.0.0.1:{config.ports.sample}"
        chosen["FETCH_ALLOW"] = ",".join(filter(None, (chosen.get("FETCH_ALLOW", ""), own)))
    return chosen


def _defaults(config: StackConfig, name: str) -> dict[str, str]:
    keys = Secrets(config.run_dir / "secrets")
    multiproc = config.run_dir / "metrics" / name
    multiproc.mkdir(parents=True, exist_ok=True)
    common = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(REPO),
        "PYTHONUNBUFFERED": "1",
        "TIDEGATE_ENV": "development",
        "PUBLIC_URL": config.gateway_url,
        "PROVIDER_URL": config.service_url("provider"),
        "AUTH_URL": config.service_url("auth"),
        "CATALOGUE_URL": config.service_url("catalogue"),
        "COMPUTE_URL": config.service_url("compute"),
        "NETWORK_URL": json.dumps({str(config.chain_id): config.rpc_url}),
        "ADDRESS_FILE": str(config.address_file),
        "PROMETHEUS_MULTIPROC_DIR": str(multiproc),
    }
    own: dict[str, dict[str, str]] = {
        "provider": {
            "PROVIDER_DATABASE_URL": config.service_database("provider"),
            "EGRESS_KEY_FILE": keys.file("egress"),
            "SERVICE_SECRET_FILE": keys.file("service_provider"),
            # Bodies of a MiB come and go: give their pages back less eagerly than glibc does by default
            # (encrypting 1 MiB spends four fifths of its time in page faults otherwise).
            "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024),
            "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
            "MALLOC_ARENA_MAX": "2",
        },
        "egress": {
            "EGRESS_KEY_FILE": keys.file("egress"),
            "EGRESS_BIND": f"127.0.0.1:{config.ports.egress}",
        },
        "auth": {
            "AUTH_DATABASE_URL": config.service_database("auth"),
            "AUTH_KEY_SECRET_FILE": keys.file("auth"),
            "AUTH_SERVICE_CLIENTS_FILE": keys.service_clients(),
        },
        "catalogue": _catalogue(config, keys)
        | {"FILECATALOGUE_DATABASE_URL": config.service_database("filecatalogue")},
        "indexer": _catalogue(config, keys) | {"INDEXER_HEALTH_PORT": str(config.ports.indexer)},
        "compute": _compute(config, keys),
        "worker": _compute(config, keys) | {"WORKER_HEALTH_PORT": str(config.ports.worker)},
    }
    if config.tls_port is not None and "CERTIFICATE_PROXY_SECRET" not in config.environment:
        for service in ("auth", "catalogue", "compute"):
            own[service]["CERTIFICATE_PROXY_SECRET_FILE"] = keys.file("certificate_proxy")
    if name == "auth" and not _names_an_admin(config.environment):
        own["auth"] |= {"AUTH_ADMIN_USERNAME": "admin", "AUTH_ADMIN_PASSWORD_FILE": keys.file("dev_admin")}
    if name == "provider" and not _names_a_provider_key(config.environment):
        own["provider"]["PROVIDER_PRIVATE_KEY"] = PROVIDER_KEY
    return common | own[name]


def _catalogue(config: StackConfig, keys: Secrets) -> dict[str, str]:
    return {
        "CATALOGUE_DATABASE_URL": config.service_database("catalogue"),
        "CATALOGUE_PRIVATE_KEY": CATALOGUE_KEY,
        "SERVICE_SECRET_FILE": keys.file("service_catalogue"),
        "INDEXER_POLL_SECONDS": "0.5",
    }


def process_engine_folder(config: StackConfig) -> Path:
    """Where the process engine keeps what runs."""
    return Path(environment(config, "worker")["COMPUTE_WORK_DIR"]) / ".process"


def _compute(config: StackConfig, keys: Secrets) -> dict[str, str]:
    folder = config.run_dir / "compute"
    return {
        "COMPUTE_DATABASE_URL": config.service_database("compute"),
        "COMPUTE_WORK_DIR": str(folder / "work"),
        "COMPUTE_FILES_URL": f"file://{folder / 'kept'}",
        "COMPUTE_ENVIRONMENTS_FILE": str(environments.ensure(folder / "environments.toml")),
        "COMPUTE_OPENPAI_STORAGE_URL": f"file://{openpai_storage.ensure(config.run_dir / 'openpai-storage')}",
        "SERVICE_SECRET_FILE": keys.file("service_compute"),
        "COMPUTE_DCP_ANY_ACCOUNT": "on",  # so that dcp-rest's own example runs as it is printed
    }


def _names_an_admin(environment: Mapping[str, str]) -> bool:
    names = ("AUTH_ADMIN_PASSWORD", "LOWDB_PASSWD", "DEFAULT_PAI_ADMIN_PASSWORD")
    return any(name in environment or f"{name}_FILE" in environment for name in names)


def _names_a_provider_key(environ: Mapping[str, str]) -> bool:
    names = ("PROVIDER_PRIVATE_KEY", "PROVIDER_PRIVATE_KEY_FILE", "PROVIDER_KEYSTORE_FILE")
    return any(name in environ for name in names)
