"""A DIRAC site: the gateway with its TLS port, the real auth service, and Alice with a certificate."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from libs.sql.engine import Database
from scripts.stack.config import CATALOGUE_KEY, StackConfig
from scripts.stack.free_ports import free_ports
from scripts.stack.gateway import command, render
from scripts.stack.processes import answers
from services.auth.adapters.argon2 import Argon2Passwords
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.domain.people import Group, Person, PersonState
from tests.auth_server import SERVICE_SECRET, auth_environment
from tests.fakes.certificates import Authority, Issued
from tests.granian import Granian, serving
from tests.processes import end_group
from tests.waiting import wait_for

PASSWORD = "correct horse battery"
SECRET = "SecretOfTheGateway"
ALICE = "/DC=org/DC=test/CN=Alice"
GROUPS = (
    Group(name="vo_user", vo="vo", properties=("NormalUser",)),
    Group(name="vo_admin", vo="vo", properties=("JobAdministrator",)),
)


@dataclass(frozen=True, slots=True)
class DiracSite:
    plain: str
    tls: str
    folder: Path
    authority: Authority
    people: SqlPeople
    clients: SqlClients
    database: Database
    alice: Person
    auth: Granian
    catalogue: Granian | None

    @property
    def server_ca(self) -> str:
        return str(self.folder / "tls" / "ca.pem")

    def files(self, issued: Issued) -> tuple[str, str]:
        """Of the certificate and its key."""
        return issued.write(self.folder, f"c{issued.certificate.serial_number}")

    def curl(self, *arguments: str, issued: Issued | None = None) -> str:
        """What curl prints: body, then the status on a line of its own."""
        shown = ["--cert", self.files(issued)[0], "--key", self.files(issued)[1]] if issued else []
        line = ["curl", "-s", "--cacert", self.server_ca, *shown, "-w", "\n%{http_code}", *arguments]
        return subprocess.run(line, capture_output=True, text=True, check=True, timeout=30).stdout

    def token(self, issued: Issued, group: str = "vo_user") -> str:
        """By flow A, as curl gets it."""
        url = f"{self.tls}/oauth2/token?grant_type=client_credentials&group={group}&setup=Production"
        body, status = self.curl(url, issued=issued).rsplit("\n", 1)
        assert status == "200", body
        token = json.loads(body)["token"]
        assert isinstance(token, str)
        return token

    def logs(self) -> dict[str, str]:
        paths = [*(self.folder / "logs").iterdir(), self.folder / "nginx.out", self.auth.log]
        paths += [] if self.catalogue is None else [self.catalogue.log]
        return {path.name: path.read_text(errors="replace") for path in paths}


@contextlib.contextmanager
def dirac_site(folder: Path, *, with_catalogue: bool = False, **settings: str) -> Iterator[DiracSite]:
    """`settings` are more settings of auth."""
    authority = Authority("Grid CA")
    (folder / "cas.pem").write_bytes(authority.pem)
    ports = free_ports()
    config = StackConfig(run_dir=folder, ports=ports, tls_port=ports.indexer)
    url = f"sqlite:///{folder}/auth.sqlite"
    environ = auth_environment(
        url,
        "http://127.0.0.1:9",
        AUTH_ISSUER=config.gateway_url,
        CERTIFICATE_PROXY_SECRET=SECRET,
        AUTH_SERVICE_CLIENTS=json.dumps(dict.fromkeys(("provider", "catalogue"), SERVICE_SECRET)),
        **settings,
    )
    with contextlib.ExitStack() as stack:
        auth = stack.enter_context(
            serving("services.auth.wsgi:app", folder, "--workers", "2", environ=environ)
        )
        ports = replace(ports, auth=_port(auth))
        catalogue = stack.enter_context(_catalogue(folder, auth)) if with_catalogue else None
        if catalogue is not None:
            ports = replace(ports, catalogue=_port(catalogue))
        config = replace(
            config,
            ports=ports,
            environment={
                "CERTIFICATE_PROXY_SECRET": SECRET,
                "GATEWAY_TLS_CLIENT_CAS": str(folder / "cas.pem"),
            },
        )
        with _gateway(config, folder):
            database = Database.open(url)
            people = SqlPeople(database, SystemClock())
            site = DiracSite(
                plain=config.gateway_url,
                tls=str(config.tls_url),
                folder=folder,
                authority=authority,
                people=people,
                clients=SqlClients(database, SystemClock()),
                database=database,
                alice=_alice(people),
                auth=auth,
                catalogue=catalogue,
            )
            yield site
            database.dispose()


@contextlib.contextmanager
def _catalogue(folder: Path, auth: Granian) -> Iterator[Granian]:
    environ = {
        "CATALOGUE_DATABASE_URL": f"sqlite:///{folder}/index.sqlite",
        "CATALOGUE_PRIVATE_KEY": CATALOGUE_KEY,
        "FILECATALOGUE_DATABASE_URL": f"sqlite:///{folder}/files.sqlite",
        "AUTH_URL": auth.url,
        "PROVIDER_URL": "http://127.0.0.1:9",
        "SERVICE_SECRET": SERVICE_SECRET,
        "CERTIFICATE_PROXY_SECRET": SECRET,
    }
    with serving("services.catalogue.wsgi:app", folder, "--workers", "2", environ=environ) as catalogue:
        yield catalogue


def _port(server: Granian) -> int:
    return int(server.url.rpartition(":")[2])


@contextlib.contextmanager
def _gateway(config: StackConfig, folder: Path) -> Iterator[None]:
    conf = render(config)
    with (folder / "nginx.out").open("wb") as log:
        process = subprocess.Popen(command(conf), stdout=log, stderr=log, start_new_session=True)
    try:
        live = f"{config.gateway_url}/health/live"
        wait_for(lambda: process.poll() is not None or answers(live), live)
        assert process.poll() is None, (folder / "nginx.out").read_text()
        yield
    finally:
        end_group(process)


def _alice(people: SqlPeople) -> Person:
    alice = Person(
        id="a" * 32,
        username="alice",
        display_name="Alice",
        email=None,
        state=PersonState.ACTIVE,
        is_admin=False,
        version=1,
        created_at=SystemClock().now(),
    )
    people.add(alice, Argon2Passwords().hash(PASSWORD))
    for group in GROUPS:
        people.put_group(group)
    people.set_groups(alice.id, ["vo_user"])
    people.link_certificate(alice.id, ALICE, None)
    return alice
