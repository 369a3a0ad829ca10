import pytest

from libs.signing import tokens
from libs.web.jwks import LocalJwks
from libs.web.service_tokens import ServiceTokenRefused, ServiceTokenVerifier
from services.auth.domain.service_clients import UnknownClient
from services.auth.usecases.service_tokens import LIFETIME_SECONDS, OwnServiceToken
from tests.fakes.auth_world import PROVIDER_SECRET, World, signed


@pytest.fixture
def world() -> World:
    return World()


def verifier(world: World) -> ServiceTokenVerifier:
    return ServiceTokenVerifier(LocalJwks(lambda: world.keyring.current().verifying), world.clock.now)


def test_service_that_knows_its_secret_gets_a_token(world: World) -> None:
    token = world.service_tokens.issue("provider", PROVIDER_SECRET)
    assert verifier(world).service("Bearer " + token) == "provider"
    claims = tokens.verify(token, world.keyring.current().verifying)
    assert claims["sub"] == "service:provider"
    assert claims["aud"] == "internal"
    assert claims["exp"] - claims["iat"] == LIFETIME_SECONDS


@pytest.mark.parametrize(("name", "secret"), [("provider", "x"), ("auth", PROVIDER_SECRET), ("", "")])
def test_other_credentials_get_nothing(world: World, name: str, secret: str) -> None:
    with pytest.raises(UnknownClient):
        world.service_tokens.issue(name, secret)


def test_wallet_token_is_no_service_token(world: World) -> None:
    with pytest.raises(ServiceTokenRefused):
        verifier(world).service("Bearer " + world.tokens.create(signed("1"), world.soon))


def test_own_token_is_kept_and_renewed_a_minute_before_it_expires(world: World) -> None:
    own = OwnServiceToken(world.service_tokens, world.clock)
    first = own.token()
    assert verifier(world).service("Bearer " + first) == "auth"
    world.clock.time += LIFETIME_SECONDS - 61
    assert own.token() == first
    world.clock.time += 2
    second = own.token()
    assert second != first
    own.forget(first)
    assert own.token() == second
    own.forget(second)
    assert own.token() != second
