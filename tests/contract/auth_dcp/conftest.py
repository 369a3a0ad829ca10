"""A client of the auth service's app over fakes, and what DCP users send."""

import pytest
from flask.testing import FlaskClient

from services.auth.app import create_app
from tests.dcp_vectors import KeystoreVector
from tests.fakes.auth_world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.deps()).test_client()


def basic_header(vector: KeystoreVector) -> dict[str, str]:
    return {"Authorization": f"Basic {vector.credentials}"}


def bearer_header(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
