"""Whose an AuthToken is; auth knows."""

from typing import Protocol

from services.compute.domain.errors import ComputeError


class TokenRefused(ComputeError):
    """An AuthToken came and does not speak for the caller: forged, expired, revoked, or somebody else's."""


class TokensUnavailable(ComputeError):
    """Whether a token counts cannot be found out right now; the answer is never yes."""


class Holders(Protocol):
    def holder(self, text: str) -> str:
        """The checksummed address of the wallet that the token was made for.

        Raises TokenRefused, TokensUnavailable.
        """
