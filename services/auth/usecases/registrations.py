"""Applications register (RFC 7591) and look after their registration (RFC 7592)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from services.auth.domain.audit import AuditEvent
from services.auth.domain.client_metadata import (
    ADMINISTRATOR,
    ANYBODY,
    SIGNED_IN,
    BadClientMetadata,
    Rules,
    read,
)
from services.auth.domain.clients import SECRET_METHODS, Client, ClientOrigin, NoSuchClient
from services.auth.domain.guesses import register_key
from services.auth.domain.secrets import hash_of, matches, new_secret
from services.auth.ports import Clock
from services.auth.ports.oauth import Clients
from services.auth.ports.people import Audit, Guesses

RULES: Final[Mapping[ClientOrigin, Rules]] = {
    ClientOrigin.DYNAMIC: ANYBODY,
    ClientOrigin.SELF: SIGNED_IN,
    ClientOrigin.ADMIN: ADMINISTRATOR,
}
# What only administrators say of a client, beside its metadata.
FLAGS: Final = ("legacy_no_pkce", "trusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """`secret` is None for clients that have none, and when it has not changed."""

    client: Client
    secret: str | None = field(default=None, repr=False)
    management_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrant:
    """Who registers. `owner` is a subject; `peer` counts for those who did not sign in."""

    origin: ClientOrigin = ClientOrigin.DYNAMIC
    owner: str | None = None
    peer: str = ""


class Registrations:
    def __init__(self, clients: Clients, guesses: Guesses, audit: Audit, clock: Clock) -> None:
        self._clients = clients
        self._guesses = guesses
        self._audit = audit
        self._clock = clock

    def register(self, document: object, by: Registrant, rules: Rules | None = None) -> Registered:
        """Raises BadClientMetadata, TooManyGuesses (anonymous ones, by address), StoreUnavailable."""
        metadata = read(document, rules or RULES[by.origin])
        flags = _flags(document) if by.origin is ClientOrigin.ADMIN else {}
        if by.origin is ClientOrigin.DYNAMIC:
            self._guesses.attempt(register_key(by.peer))
        secret = new_secret() if metadata.auth_method in SECRET_METHODS else None
        token = new_secret()
        client = Client(
            client_id=secrets.token_hex(16),
            origin=by.origin,
            owner=by.owner,
            secret_hash=None if secret is None else hash_of(secret),
            registration_hash=hash_of(token),
            created_at=self._clock.now(),
            **metadata.as_members(),
            **flags,
        )
        self._clients.add(client)
        self._record("client.register", client, by.owner or "")
        return Registered(client=client, secret=secret, management_token=token)

    def managed(self, client_id: str, token: str) -> Client:
        """Raises NoSuchClient for whatever does not fit, StoreUnavailable."""
        client = self._clients.get(client_id)
        stored = None if client is None else client.registration_hash
        if not matches(token, stored) or client is None or client.is_disabled:
            raise NoSuchClient
        return client

    def replace(self, client: Client, document: object) -> Registered:
        """All metadata anew (RFC 7592 2.2); the secret stays while the client still needs one.

        Raises BadClientMetadata, NoSuchClient, StoreUnavailable.
        """
        if not isinstance(document, dict) or document.get("client_id") != client.client_id:
            raise BadClientMetadata("The client_id must be this client's.")
        sent = document.get("client_secret")
        if sent is not None and not (isinstance(sent, str) and matches(sent, client.secret_hash)):
            raise BadClientMetadata("The client_secret cannot be chosen.")
        metadata = read(document, RULES[client.origin])
        needs = metadata.auth_method in SECRET_METHODS
        secret = new_secret() if needs and client.secret_hash is None else None
        kept = client.secret_hash if needs else None
        changed = replace(
            client,
            secret_hash=kept if secret is None else hash_of(secret),
            **metadata.as_members() | {"document": {**_own(client), **metadata.document}},
        )
        if not self._clients.change(changed):
            raise NoSuchClient
        self._record("client.change", changed, client.owner or "")
        return Registered(client=changed, secret=secret)

    def remove(self, client: Client, actor: str = "") -> None:
        """With its grants: its tokens stop working with this call. Raises NoSuchClient, StoreUnavailable."""
        if not self._clients.remove(client.client_id):
            raise NoSuchClient
        self._record("client.remove", client, actor)

    def _record(self, event: str, client: Client, actor: str) -> None:
        details = {"origin": client.origin.value, "name": client.name[:64]}
        self._audit.record(AuditEvent(event=event, actor=actor, client_id=client.client_id, details=details))


def _flags(document: object) -> dict[str, Any]:
    members: Mapping[str, Any] = document if isinstance(document, dict) else {}
    flags = {name: members.get(name, False) for name in FLAGS}
    if not all(isinstance(value, bool) for value in flags.values()):
        raise BadClientMetadata("legacy_no_pkce and trusted are true or false.")
    return flags


def _own(client: Client) -> dict[str, Any]:
    """Members of the document that are ours, not the client's."""
    return {name: value for name, value in client.document.items() if name == "refresh_token_format"}
