"""Who may fail to prove who they are, and how: facts about the caller of a signed request."""

from services.provider.domain.errors import ProviderError


class MalformedAddress(ProviderError):
    """A parameter that must hold an account address holds something else."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is not an address")
        self.field = field


class CredentialMissing(ProviderError):
    """Neither a signature nor an AuthToken came with the request."""


class SignatureRefused(ProviderError):
    """A signature came and does not prove the address. The signature itself is never carried along."""

    def __init__(self, address: str, nonce: str) -> None:
        super().__init__("signature does not match")
        self.address = address
        self.nonce = nonce


class TokenRefused(ProviderError):
    """An AuthToken came and does not speak for the caller: forged, expired, revoked, or somebody else's."""


class AuthUnavailable(ProviderError):
    """Whether a token was revoked cannot be found out right now; the answer is never yes."""
