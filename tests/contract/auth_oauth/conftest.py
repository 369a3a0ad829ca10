"""The auth service over fakes, with applications registered."""

import pytest

from services.auth.app import create_app
from tests.fakes.auth_world import World
from tests.fakes.oauth_apps import Tokens, register


@pytest.fixture
def tokens() -> Tokens:
    world = World()
    register(world)
    return Tokens(world, create_app(world.deps()).test_client())
