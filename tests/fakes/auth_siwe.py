"""Sign-in with a wallet over fakes, and wallets that sign."""

from dataclasses import dataclass, field, replace
from typing import Any

from libs.signing.keys import CURVE_ORDER, PrivateKey
from libs.signing.personal import sign_personal
from libs.signing.siwe import parse_siwe
from services.auth.domain.sign_in import site_of
from services.auth.usecases.siwe import Outside, SignIn
from tests.fakes.auth import ChainList, FrozenClock, MemoryContractWallets
from tests.fakes.auth_oauth import MemorySingleUse

ISSUER = "http://gateway.test:8030"
DAPP = "https://dapp.example"


@dataclass
class SignInWorld:
    clock: FrozenClock = field(default_factory=FrozenClock)
    contracts: MemoryContractWallets = field(default_factory=MemoryContractWallets)
    chains: ChainList = field(default_factory=ChainList)

    def __post_init__(self) -> None:
        self.nonces = MemorySingleUse(self.clock)
        self.site = site_of(ISSUER, [DAPP])
        outside = Outside(nonces=self.nonces, contracts=self.contracts, chains=self.chains, clock=self.clock)
        self.sign_in = SignIn(self.site, outside)


def changed(text: str, **fields: Any) -> str:
    """The text with other fields, well-formed all the same."""
    return replace(parse_siwe(text), **fields).text()


def signed(text: str, key: PrivateKey) -> str:
    return sign_personal(text, key)


def other_spelling(signature: str) -> str:
    """The same signature with the other s: as valid on the curve, refused since EIP-2."""
    raw = bytes.fromhex(signature[2:])
    flipped = CURVE_ORDER - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + flipped.to_bytes(32, "big") + bytes((55 - raw[64],))).hex()
