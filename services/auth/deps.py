"""What the web app is built from: everything concrete, made once by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from libs.web.service_tokens import ServiceTokenVerifier
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.service_tokens import ServiceTokens
from services.auth.usecases.wallet_tokens import WalletTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    wallet_tokens: WalletTokens
    service_tokens: ServiceTokens
    keyring: Keyring
    verifier: ServiceTokenVerifier
    checks: Mapping[str, Callable[[], None]]  # readiness: raise when not usable
