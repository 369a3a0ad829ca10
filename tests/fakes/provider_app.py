"""The provider's whole web app over fakes: real rooms, use cases and domain; nothing leaves the process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from libs.signing.keys import PrivateKey
from libs.web.service_tokens import ServiceTokenRefused
from services.provider.adapters.keys import ProviderKeys
from services.provider.app import create_app
from services.provider.deps import Deps
from services.provider.usecases.authenticate import Authenticate
from services.provider.usecases.decrypt import Decrypt
from services.provider.usecases.encrypt import Encrypt
from services.provider.usecases.nonces import Nonces
from services.provider.usecases.registry import UseCases
from tests.fakes.access import AccessWorld, OrderChain
from tests.fakes.provider import PROVIDER_KEY, FakeChain, FakeChains, FakeTokens, MemoryLedger, settings


class FakeServiceTokens:
    """Accepts `Bearer <service name>`; any other header is refused."""

    def install(self, app: Flask) -> None:
        app.extensions["tidegate_service_tokens"] = self

    def service(self, authorization: str | None) -> str:
        scheme, _, name = (authorization or "").partition(" ")
        if scheme != "Bearer" or name not in ("auth", "compute", "catalogue", "stranger"):
            raise ServiceTokenRefused
        return name


@dataclass
class Provider:
    """The provider's app over fakes; every part is open to a test."""

    ledger: Any = field(default_factory=MemoryLedger)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    chain: OrderChain = field(default_factory=OrderChain)
    keys: ProviderKeys = field(default_factory=lambda: ProviderKeys(plain=PrivateKey(PROVIDER_KEY)))
    authorized: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    more_chains: Sequence[FakeChain] = ()
    world: Any = None  # a tests.fakes.access.AccessWorld: what fileinfo, initialize and download stand on

    def __post_init__(self) -> None:
        chains = FakeChains(self.chain, *self.more_chains)
        self.authenticate = Authenticate(self.ledger, self.tokens, chains)
        self.world = self.world or AccessWorld(
            ledger=self.ledger, tokens=self.tokens, chain=self.chain, authenticate=self.authenticate
        )
        self.usecases = UseCases(
            addresses=self.keys.addresses(chains.ids()),
            nonces=Nonces(self.ledger),
            authenticate=self.authenticate,
            encrypt=Encrypt(self.keys, chains.ids()[0]),
            decrypt=Decrypt(self.authenticate, chains, self.keys, self.authorized),
            fileinfo=self.world.fileinfo,
            initialize=self.world.initialize,
            download=self.world.download,
            authorize_start=self.world.authorize_start,
            quote_compute=self.world.quote_compute,
            grants=self.world.grants,
            fee_tokens=self.world.fee_tokens,
        )
        deps = Deps(usecases=self.usecases, service_tokens=FakeServiceTokens(), checks={})
        self.app = create_app(settings(**self.variables), deps)

    def client(self) -> Any:
        return self.app.test_client()
