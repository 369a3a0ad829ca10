"""The account room over fakes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_personal
from services.auth.app import create_app
from services.auth.domain.clients import DAPP
from services.auth.domain.people import Person, PersonState
from services.auth.usecases.access_tokens import TokenRequest
from tests.fakes.auth_world import World


@dataclass
class Room:
    world: World
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = create_app(self.world.deps()).test_client()

    def person(self, name: str, *wallets: str, password: str | None = "secret-1") -> Person:
        person = Person(
            id=name.encode().hex().ljust(32, "0"),
            username=name,
            display_name=name.title(),
            email=None,
            state=PersonState.ACTIVE,
            is_admin=False,
            version=1,
            created_at=1_700_000_000.0,
            wallets=wallets,
        )
        self.world.people.add(person, password)
        return person

    def token(self, subject: str, scopes: Sequence[str] = ("keys",)) -> dict[str, str]:
        """Headers of a request of `subject`."""
        request = TokenRequest(subject=subject, client_id=DAPP, scopes=scopes)
        return {"Authorization": "Bearer " + self.world.oauth.access_tokens.issue(request).text}

    def link(self, headers: dict[str, str], key: PrivateKey, **changes: Any) -> Any:
        """The whole way, with another signature or text if given."""
        path = "/tidegate/v1/me/wallets/challenge"
        challenge = self.client.get(path, query_string={"address": key.address}, headers=headers)
        assert challenge.status_code == 200, challenge.text
        message = challenge.json["message"]
        body = {"message": message, "signature": sign_personal(message, key), **changes}
        return self.client.post("/tidegate/v1/me/wallets", json=body, headers=headers)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def room(world: World) -> Room:
    return Room(world)
