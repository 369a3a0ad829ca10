"""Renders nginx's configuration and runs it in the foreground user's control."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from scripts.stack import tls
from scripts.stack.config import REPO, StackConfig
from scripts.stack.services import proxy_secret

PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def values(config: StackConfig) -> dict[str, str]:
    """What stands behind each ${NAME}; the environment given to `make up` wins."""
    run_dir = config.run_dir / "gateway"
    ports = config.ports
    defaults = {
        "GATEWAY_RUN_DIR": str(run_dir),
        "GATEWAY_CONF_DIR": str(run_dir / "conf"),
        "GATEWAY_LOG_DIR": str(config.run_dir / "logs"),
        "GATEWAY_LISTEN": f"{config.gateway_host}:{ports.gateway}",
        "GATEWAY_WORKERS": "2",
        # Generous: everything on a development machine comes from one address.
        "GATEWAY_RATE": "20000r/s",
        "GATEWAY_PROBE_RATE": "20000r/s",
        "GATEWAY_BURST": "20000",
        "GATEWAY_CONNECTIONS": "2000",
        "GATEWAY_READ_TIMEOUT": "60s",
        "GATEWAY_DRAIN_TIMEOUT": "1h",
        "MAX_ENCRYPT_BODY": "21m",
        "MAX_SANDBOX_BODY": "1g",
        **_tls_defaults(config),
    }
    chosen = {name: config.environment.get(name, value) for name, value in defaults.items()}
    upstreams = {
        f"{name.upper()}_UPSTREAM": f"127.0.0.1:{getattr(ports, name)}"
        for name in ("provider", "egress", "auth", "catalogue", "compute")
    }
    return chosen | upstreams


def _tls_defaults(config: StackConfig) -> dict[str, str]:
    folder = config.run_dir / "tls"
    return {
        "GATEWAY_TLS": "off" if config.tls_port is None else "on",
        "GATEWAY_TLS_LISTEN": f"{config.gateway_host}:{config.tls_port}",
        "GATEWAY_TLS_NAME": "_",
        "GATEWAY_TLS_CERTIFICATE": str(folder / "server.pem"),
        "GATEWAY_TLS_KEY": str(folder / "server.key"),
        "GATEWAY_TLS_CLIENT_CAS": str(folder / "ca.pem"),
        "GATEWAY_TLS_CRL_CHECK": "off",
        "GATEWAY_TLS_CRLS": str(folder / "crls.pem"),
        "CERTIFICATE_PROXY_SECRET": "" if config.tls_port is None else proxy_secret(config),
    }


def render(config: StackConfig) -> Path:
    """Write the rendered configuration below the run folder; returns nginx.conf's path."""
    names = values(config)
    conf = Path(names["GATEWAY_CONF_DIR"])
    if names["GATEWAY_TLS"] == "on":
        tls.ensure(config.run_dir / "tls", config.gateway_host)
    shutil.rmtree(conf, ignore_errors=True)
    (config.run_dir / "gateway" / "tmp").mkdir(parents=True, exist_ok=True)
    (config.run_dir / "logs").mkdir(parents=True, exist_ok=True)
    for source in sorted((REPO / "gateway").rglob("*.conf")):
        target = conf / source.relative_to(REPO / "gateway")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(fill(source.read_text(), names))
        target.chmod(0o600)  # one of the pages holds a secret
    return conf / "nginx.conf"


def worker_count(config: StackConfig) -> int:
    """How many workers nginx starts with this configuration."""
    asked = values(config)["GATEWAY_WORKERS"]
    return len(os.sched_getaffinity(0)) if asked == "auto" else int(asked)


def fill(text: str, names: Mapping[str, str]) -> str:
    """Replace ${NAME}; an unknown name is a KeyError, so that a typo never reaches nginx."""
    return PLACEHOLDER.sub(lambda match: names[match.group(1)], text)


def command(conf: Path, *, as_us: bool = False) -> list[str]:
    """nginx in the foreground; alone under its pid, so that ending the pid ends the gateway.

    Started by root its workers are nobody's, as they should be; `as_us` is for one that serves files of ours.
    """
    directives = "daemon off;"
    if as_us and os.geteuid() == 0:
        directives += " user root;"
    return [nginx_binary(), "-c", str(conf), "-p", str(conf.parent), "-e", "stderr", "-g", directives]


def nginx_binary() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(
            "nginx is missing: ask for the system package `nginx` (apt-get install nginx-light)."
        )
    return found


def sample_origin_conf(config: StackConfig) -> Path:
    """A plain static file server for the sample files, as a publisher's web server would be."""
    folder = config.run_dir / "sample"
    for part in ("files", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    conf = folder / "nginx.conf"
    template = Path(__file__).with_name("sample-origin.conf").read_text()
    names = {
        "FOLDER": str(folder),
        "LOG": str(config.run_dir / "logs" / "sample-access.log"),
        "PORT": str(config.ports.sample),
    }
    conf.write_text(fill(template, names))
    return conf
