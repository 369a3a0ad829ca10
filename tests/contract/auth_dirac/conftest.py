"""DIRAC's room over fakes: Alice with a certificate, and a gateway that tells of certificates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.auth.app import create_app
from services.auth.domain.people import Group, Person, PersonState
from tests.fakes.auth_world import GATEWAY_SECRET, World
from tests.fakes.certificates import Authority, Issued

ALICE = "/DC=org/DC=test/CN=Alice"
USER = Group(name="vo_user", vo="vo", properties=("NormalUser",))
ADMIN = Group(name="vo_admin", vo="vo", properties=("JobAdministrator", "JobMonitor"))
OTHER = Group(name="other_user", vo="other", properties=("NormalUser",))
FLOW_A = "/oauth2/token?grant_type=client_credentials"


@dataclass
class Site:
    world: World
    authority: Authority
    client: FlaskClient
    alice: Person
    certificates: dict[str, Issued] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.clock.now(), UTC)

    def certificate(self, name: str = "Alice", **more: Any) -> Issued:
        return self.authority.issue(name, now=self.now, **more)

    def get(
        self, path: str, issued: Issued | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        return self.client.get(path, headers={**told(issued), **(headers or {})})

    def post(self, path: str, issued: Issued | None = None, **form: str) -> TestResponse:
        return self.client.post(path, data=form, headers=told(issued))


def told(issued: Issued | None, verdict: str = "SUCCESS", secret: str = GATEWAY_SECRET) -> dict[str, str]:
    """What the gateway says of a connection."""
    if issued is None:
        return {}
    return {
        "X-Auth-Proxy-Secret": secret,
        "X-SSL-Client-Verify": verdict,
        "X-SSL-Client-Cert": issued.escaped,
    }


@pytest.fixture
def site() -> Site:
    world = World()
    alice = Person(
        id="a" * 32,
        username="alice",
        display_name="Alice",
        email=None,
        state=PersonState.ACTIVE,
        is_admin=False,
        version=1,
        created_at=world.clock.now(),
    )
    world.people.add(alice, None)
    for group in (USER, ADMIN, OTHER):
        world.people.put_group(group)
    world.people.set_groups(alice.id, ["vo_user"])
    world.people.link_certificate(alice.id, ALICE, None)
    return Site(world, Authority("Grid CA"), create_app(world.deps()).test_client(), alice)
