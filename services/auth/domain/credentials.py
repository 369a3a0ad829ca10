"""Credentials that do not count."""

from typing import Final

from services.auth.domain.errors import AuthError

INVALID_TOKEN: Final = "invalid_token"  # noqa: S105 - an error code of RFC 6750


class CredentialRefused(AuthError):
    """`code` is RFC 6750's; `description` is a sentence for the client that quotes nothing it sent.

    Unknown, revoked and disabled sound alike: nobody learns which.
    """

    def __init__(self, description: str = "The credential is not valid.", code: str = INVALID_TOKEN) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
