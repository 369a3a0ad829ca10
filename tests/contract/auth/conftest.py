"""Clients of the auth service's app over fakes."""

import pytest
from flask.testing import FlaskClient

from services.auth.app import create_app
from tests.fakes.auth_world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.deps()).test_client()
