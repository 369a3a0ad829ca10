"""OAuth2 clients as administrators see them: all, whoever registered them."""

import re
from dataclasses import replace
from typing import Final

from libs.web.principal import CLIENT, Principal
from services.auth.domain.audit import AuditEvent
from services.auth.domain.authority import need_admin
from services.auth.domain.clients import Client, NoSuchClient
from services.auth.ports.oauth import Clients
from services.auth.ports.people import Audit

_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")


class ClientAdmin:
    """Everything raises NotAllowed and StoreUnavailable."""

    def __init__(self, clients: Clients, audit: Audit) -> None:
        self._clients = clients
        self._audit = audit

    def page(self, actor: Principal, after: str, most: int) -> list[Client]:
        """By id, those after `after`; builtin ones that nobody changed are left out."""
        need_admin(actor)
        return self._clients.page(after, most)

    def set_disabled(self, actor: Principal, client_id: str, is_disabled: bool) -> Client:
        """A disabled client gets no tokens, and those it has count no more. Raises NoSuchClient."""
        need_admin(actor)
        client = self._clients.get(client_id) if _ID.fullmatch(client_id) else None
        if client is None:
            raise NoSuchClient
        changed = replace(client, is_disabled=is_disabled)
        if not self._clients.change(changed):
            # A builtin one has no row until it differs from what is built in.
            self._clients.add(client)
            self._clients.change(changed)
        event = "client.disable" if is_disabled else "client.enable"
        self._audit.record(AuditEvent(event=event, actor=actor.subject, subject=CLIENT + client_id))
        return changed
