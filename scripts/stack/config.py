"""What one native stack looks like: ports, folders and the development values behind it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

# Ocean's own development mnemonic and provider key: client libraries' examples are written for them.
MNEMONIC = "taxi music thumb unique chat sand crew more leg another off lamp"
PROVIDER_KEY = "0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215"
# Signs the catalogue's validations and its decrypt requests; holds nothing.
CATALOGUE_KEY = "0xc852b55146fd168ec3d392bbd70988c18463efa460a395dede376453aca1180e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    gateway: int = 8030
    chain: int = 8545
    provider: int = 8041
    auth: int = 8042
    catalogue: int = 8043
    compute: int = 8044
    egress: int = 8045
    sample: int = 8046
    indexer: int = 8047  # health and metrics only
    worker: int = 8048  # health and metrics only


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """Everything `up` needs; tests build one with free ports and a folder of their own."""

    run_dir: Path
    ports: Ports = Ports()
    chain_id: int = 8996
    network: str = "development"
    workers: int = 2
    gateway_host: str = "127.0.0.1"
    database_url: str | None = None  # a PostgreSQL server URL; None: SQLite files under run_dir
    tls_port: int | None = None  # the gateway's second port, which takes client certificates; None: none
    environment: Mapping[str, str] = field(default_factory=dict)  # passed on to the services

    @property
    def gateway_url(self) -> str:
        return f"http://{self.gateway_host}:{self.ports.gateway}"

    @property
    def tls_url(self) -> str | None:
        return None if self.tls_port is None else f"https://localhost:{self.tls_port}"

    @property
    def rpc_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.chain}"

    @property
    def sample_origin(self) -> str:
        return f"http://127.0.0.1:{self.ports.sample}"

    @property
    def address_file(self) -> Path:
        return self.run_dir / "chain" / "address.json"

    def service_url(self, name: str) -> str:
        return f"http://127.0.0.1:{getattr(self.ports, name)}"

    def service_database(self, name: str) -> str:
        """One database per service: a SQLite file, or `tidegate_<service>` on the given server."""
        if self.database_url is None:
            return f"sqlite:///{self.run_dir / 'db' / f'{name}.sqlite'}"
        return f"{self.database_url.rstrip('/')}/tidegate_{name}"


def from_environment(environ: Mapping[str, str] = os.environ) -> StackConfig:
    """The stack `make up` starts; TIDEGATE_* variables move its ports and folder."""
    ports = Ports(
        **{
            name: int(environ[variable])
            for name in Ports.__dataclass_fields__
            if (variable := f"TIDEGATE_{name.upper()}_PORT") in environ
        }
    )
    return StackConfig(
        run_dir=Path(environ.get("TIDEGATE_RUN_DIR", REPO / ".run")).absolute(),
        ports=ports,
        chain_id=int(environ.get("TIDEGATE_CHAIN_ID", "8996")),
        network=environ.get("TIDEGATE_NETWORK", "development"),
        workers=int(environ.get("TIDEGATE_WORKERS", "2")),
        database_url=environ.get("TIDEGATE_DATABASE_URL"),
        tls_port=int(environ["TIDEGATE_TLS_PORT"]) if environ.get("TIDEGATE_TLS_PORT") else None,
        environment=dict(environ),
    )
