"""Clients: which one stands before us, and what it may do for itself."""

from services.auth.domain.clients import Client, NoSuchClient
from services.auth.domain.secrets import matches
from services.auth.ports import Clock
from services.auth.ports.oauth import Clients


class ClientRegistry:
    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock

    def find(self, client_id: str) -> Client | None:
        """None for a disabled one as well."""
        client = self._clients.get(client_id)
        return None if client is None or client.is_disabled else client

    def get(self, client_id: str) -> Client:
        """Raises NoSuchClient."""
        client = self.find(client_id)
        if client is None:
            raise NoSuchClient
        return client

    def has_secret(self, client: Client, secret: str) -> bool:
        """Whether it is the client's, and still good."""
        ends = client.secret_expires_at
        return matches(secret, client.secret_hash) and (ends is None or ends > self._clock.now())
