"""What this room shows. Times are whole seconds since the epoch, UTC; no view holds a secret."""

from collections.abc import Sequence
from typing import Any

from services.auth.domain.audit import StoredEvent
from services.auth.domain.clients import Client
from services.auth.domain.people import Group, Person
from services.auth.domain.signing_keys import StoredKey


def person_view(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "subject": person.subject,
        "username": person.username,
        "display_name": person.display_name,
        "email": person.email,
        "state": person.state.value,
        "is_admin": person.is_admin,
        "groups": list(person.groups),
        "wallets": list(person.wallets),
        "created_at": int(person.created_at),
    }


def certificates_view(certificates: Sequence[tuple[str, str | None]]) -> list[dict[str, Any]]:
    return [{"subject": subject, "issuer": issuer} for subject, issuer in certificates]


def group_view(group: Group) -> dict[str, Any]:
    return {"name": group.name, "vo": group.vo, "properties": list(group.properties)}


def client_view(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "origin": client.origin.value,
        "owner": client.owner,
        "auth_method": client.auth_method,
        "grant_types": list(client.grant_types),
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "trusted": client.trusted,
        "is_disabled": client.is_disabled,
        "created_at": int(client.created_at),
    }


def key_view(key: StoredKey) -> dict[str, Any]:
    return {"kid": key.kid, "state": key.state.value, "since": int(key.changed_at)}


def event_view(stored: StoredEvent) -> dict[str, Any]:
    event = stored.event
    return {
        "id": stored.id,
        "at": int(stored.at),
        "event": event.event,
        "outcome": event.outcome,
        "actor": event.actor,
        "subject": event.subject,
        "client_id": event.client_id,
        "peer": stored.peer,
        "request_id": stored.request_id,
        "details": dict(event.details),
    }
