"""The OAuth server's own: clients, grants, codes, refresh and reference tokens, device requests."""

from typing import Protocol

from services.auth.domain.clients import Client
from services.auth.domain.device import DeviceRequest
from services.auth.domain.grants import AuthorizationCode, Grant, RefreshToken, Rotation
from services.auth.domain.references import ReferenceToken


class Clients(Protocol):
    """Registered OAuth2 clients, builtin ones included."""

    def get(self, client_id: str) -> Client | None: ...

    def add(self, client: Client) -> None: ...

    def change(self, client: Client) -> bool:
        """Replace what is stored; moves all stamps when it is disabled."""

    def remove(self, client_id: str) -> bool:
        """With its grants; moves all stamps."""

    def page(self, after: str, most: int, owner: str | None = None) -> list[Client]: ...


class Grants(Protocol):
    """Consents; codes, refresh tokens and reference tokens hang on them."""

    def add(self, grant: Grant) -> None: ...

    def get(self, grant_id: str) -> Grant | None:
        """None when it does not exist, was revoked or is over."""

    def revoke(self, grant_id: str, why: str) -> bool:
        """With everything issued on it, at once; moves the subject's stamp. False when it was before."""

    def revoke_all(self, subject: str, why: str, client_id: str | None = None) -> int: ...

    def of_subject(self, subject: str) -> list[Grant]:
        """Those that still count, newest first."""

    def used(self, grant_id: str, now: float) -> None:
        """Remember when it was used last."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` grants that ended before that time, with all that hangs on them."""


class Codes(Protocol):
    """Authorization codes, by the SHA-256 of the code."""

    def add(self, grant: Grant, code: AuthorizationCode) -> None:
        """The grant and its code, together."""

    def find(self, code_hash: str) -> AuthorizationCode | None:
        """Used ones too; purged ones not."""

    def take(self, code_hash: str, now: float) -> bool:
        """Whether this call used it: one atomic statement."""


class RefreshTokens(Protocol):
    """Refresh tokens, by the SHA-256 of the token."""

    def add(self, token: RefreshToken) -> None: ...

    def find(self, token_hash: str) -> RefreshToken | None:
        """Used ones too; None when its grant does not count any more."""

    def rotate(self, token_hash: str, successor: RefreshToken, now: float, grace: float) -> Rotation:
        """Replace a token by its successor, in one transaction.

        A token that was used less than `grace` seconds ago gets another successor: two processes of one
        client refresh at the same time. Used before that, it is REUSED: nothing is added.
        """


class ReferenceTokens(Protocol):
    """Opaque access tokens, by the SHA-256 of the token. Everything raises StoreUnavailable."""

    def add(self, token: ReferenceToken) -> None: ...

    def find(self, token_hash: str) -> ReferenceToken | None:
        """Expired ones too, and those whose grant counts no more."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` that expired before that time; how many there were."""


class DeviceRequests(Protocol):
    """Requests of devices (RFC 8628), by the hashes of their codes. Everything raises StoreUnavailable.

    States move forward only, each move one atomic statement, whatever arrives at the same time.
    """

    def add(self, device_hash: str, user_hash: str, request: DeviceRequest) -> bool:
        """False, and nothing kept, when one of the codes is there already."""

    def by_device_code(self, device_hash: str) -> DeviceRequest | None: ...

    def by_user_code(self, user_hash: str) -> DeviceRequest | None: ...

    def approve(self, user_hash: str, grant: Grant, now: float) -> bool:
        """Whether this call answered a waiting request; `grant` is kept together with the answer."""

    def deny(self, user_hash: str, now: float) -> bool:
        """Whether this call answered a waiting request."""

    def note_poll(self, device_hash: str, now: float, least_seconds: float) -> bool:
        """False when the last poll that counted is less than that ago: this one does not count then."""

    def use(self, device_hash: str, now: float) -> bool:
        """Whether this call took the grant of an approved request; of any number of calls one does."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` that expired before that time; how many there were."""
