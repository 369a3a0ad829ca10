"""What tests on a real chain do all the time: publish without services, quote fees as the provider does."""

import time
from dataclasses import dataclass
from typing import Any

from libs.signing.fees import FeeQuote, encode_provider_data, sign_fee
from libs.signing.keys import PrivateKey
from scripts.chain.accounts import development_accounts
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.order import Fee
from scripts.chain.provider_client import LocalEncryptor
from scripts.chain.publish import Published, publish
from scripts.chain.wallet import Wallet
from tests.fixtures_chain import DevChain

PROVIDER_INDEX = 8
FILES = ({"type": "url", "url": "http://origin.test/data.csv", "method": "GET"},)


def provider_key() -> PrivateKey:
    return PrivateKey(development_accounts()[PROVIDER_INDEX].key)


def local_provider(url: str = "http://127.0.0.1:8030") -> Provider:
    """A provider that need not run: files are encrypted here."""
    key = provider_key()
    return Provider(url, key.address, LocalEncryptor(key.public_key64))


def service(**fields: Any) -> ServiceSpec:
    return ServiceSpec(**{"files": FILES, **fields})


def publish_asset(chain: DevChain, publisher: Wallet, *services: ServiceSpec, **fields: Any) -> Published:
    spec = AssetSpec(services=services or (service(),), **fields)
    return publish(publisher, chain.entries, local_provider(), spec)


@dataclass(frozen=True, slots=True)
class Quotes:
    """Signs fee quotes in `token`."""

    token: str
    key: PrivateKey

    def fee(
        self,
        datatoken: str,
        service_id: str = "service-0",
        amount: int = 0,
        valid_until: int = 0,
        environment: str | None = None,
    ) -> Fee:
        data = encode_provider_data(environment, time.time(), datatoken, service_id)
        quote = FeeQuote(data, self.key.address, self.token, amount, valid_until)
        signed = sign_fee(quote, self.key)
        return Fee(
            quote.address, quote.token, amount, signed.v, signed.r, signed.s, valid_until, quote.provider_data
        )


def quotes(chain: DevChain, token: str = "Ocean") -> Quotes:
    return Quotes(chain.entries[token], provider_key())
