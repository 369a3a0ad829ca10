"""Fakes for the ports of clients, grants, codes and tokens. One lock, as the real ones have one database."""

import threading
from dataclasses import replace

from services.auth.domain.clients import BUILTIN, Client
from services.auth.domain.grants import AuthorizationCode, Grant, RefreshToken, Rotation
from services.auth.ports import Clock


class MemoryClients:
    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.grants: MemoryGrants | None = None  # those that end with their client

    def get(self, client_id: str) -> Client | None:
        return self.clients.get(client_id) or BUILTIN.get(client_id)

    def add(self, client: Client) -> None:
        assert client.client_id not in self.clients
        self.clients[client.client_id] = client

    def change(self, client: Client) -> bool:
        if client.client_id not in self.clients:
            return False
        self.clients[client.client_id] = client
        return True

    def remove(self, client_id: str) -> bool:
        if self.clients.pop(client_id, None) is None:
            return False
        if self.grants is not None:
            self.grants.forget([g for g in self.grants.grants.values() if g.client_id == client_id])
        return True

    def page(self, after: str, most: int, owner: str | None = None) -> list[Client]:
        found = [c for i, c in sorted(self.clients.items()) if i > after and owner in (None, c.owner)]
        return found[:most]


class MemoryGrants:
    """Holds the codes and refresh tokens as well: they end with their grant."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.grants: dict[str, Grant] = {}
        self.revoked: dict[str, str] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}

    def add(self, grant: Grant) -> None:
        with self.lock:
            assert grant.id not in self.grants
            self.grants[grant.id] = grant

    def get(self, grant_id: str) -> Grant | None:
        found = self.grants.get(grant_id)
        stands = found is not None and found.expires_at > self.clock.now() and grant_id not in self.revoked
        return found if stands else None

    def revoke(self, grant_id: str, why: str) -> bool:
        with self.lock:
            if grant_id not in self.grants or grant_id in self.revoked:
                return False
            self.revoked[grant_id] = why
            return True

    def revoke_all(self, subject: str, why: str, client_id: str | None = None) -> int:
        chosen = [
            g.id for g in self.grants.values() if g.subject == subject and client_id in (None, g.client_id)
        ]
        return sum(self.revoke(grant_id, why) for grant_id in chosen)

    def of_subject(self, subject: str) -> list[Grant]:
        found = [g for g in self.grants.values() if g.subject == subject and self.get(g.id)]
        return sorted(found, key=lambda grant: (-grant.created_at, grant.id))

    def used(self, grant_id: str, now: float) -> None:
        with self.lock:
            self.grants[grant_id] = replace(self.grants[grant_id], last_used_at=now)

    def purge(self, expired_before: float, most: int) -> int:
        gone = [grant for grant in self.grants.values() if grant.expires_at < expired_before][:most]
        self.forget(gone)
        return len(gone)

    def forget(self, gone: list[Grant]) -> None:
        with self.lock:
            ids = {grant.id for grant in gone}
            self.grants = {i: grant for i, grant in self.grants.items() if i not in ids}
            self.codes = {i: code for i, code in self.codes.items() if code.grant_id not in ids}
            self.refresh_tokens = {i: t for i, t in self.refresh_tokens.items() if t.grant_id not in ids}


class MemoryCodes:
    def __init__(self, grants: MemoryGrants) -> None:
        self._grants = grants

    def add(self, grant: Grant, code: AuthorizationCode) -> None:
        with self._grants.lock:
            self._grants.add(grant)
            self._grants.codes[code.code_hash] = code

    def find(self, code_hash: str) -> AuthorizationCode | None:
        return self._grants.codes.get(code_hash)

    def take(self, code_hash: str, now: float) -> bool:
        with self._grants.lock:
            found = self._grants.codes.get(code_hash)
            if found is None or found.used_at is not None:
                return False
            self._grants.codes[code_hash] = replace(found, used_at=now)
            return True


class MemoryRefreshTokens:
    def __init__(self, grants: MemoryGrants) -> None:
        self._grants = grants

    def add(self, token: RefreshToken) -> None:
        with self._grants.lock:
            self._grants.refresh_tokens[token.token_hash] = token

    def find(self, token_hash: str) -> RefreshToken | None:
        found = self._grants.refresh_tokens.get(token_hash)
        return None if found is None or self._grants.get(found.grant_id) is None else found

    def rotate(self, token_hash: str, successor: RefreshToken, now: float, grace: float) -> Rotation:
        with self._grants.lock:
            found = self.find(token_hash)
            if found is None:
                return Rotation.GONE
            if found.used_at is not None and found.used_at < now - grace:
                return Rotation.REUSED
            used_at = now if found.used_at is None else found.used_at
            self._grants.refresh_tokens[token_hash] = replace(found, used_at=used_at)
            self.add(successor)
            return Rotation.DONE


class MemoryTokenStanding:
    def __init__(self, clients: MemoryClients, grants: MemoryGrants) -> None:
        self._clients = clients
        self._grants = grants
        self.revoked: set[str] = set()

    def counts(self, token_id: str, client_id: str, grant_id: str | None, now: float) -> bool:
        client = self._clients.get(client_id)
        if client is None or client.is_disabled or token_id in self.revoked:
            return False
        return grant_id is None or self._grants.get(grant_id) is not None

    def revoke(self, token_id: str, subject: str, client_id: str, expires_at: float, now: float) -> bool:
        is_new = token_id not in self.revoked
        self.revoked.add(token_id)
        return is_new


class MemorySingleUse:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.rows: dict[tuple[str, str], tuple[float, bool]] = {}  # when it expires, whether it was used

    def issue(self, purpose: str, value: str, expires_at: float) -> None:
        self.rows.setdefault((purpose, value), (expires_at, False))

    def spend(self, purpose: str, value: str, now: float) -> bool:
        with self._lock:
            expires_at, is_used = self.rows.get((purpose, value), (0.0, True))
            if is_used or expires_at <= now:
                return False
            self.rows[(purpose, value)] = (expires_at, True)
            return True

    def spend_foreign(self, purpose: str, value: str, expires_at: float) -> bool:
        with self._lock:
            is_new = (purpose, value) not in self.rows
            self.rows.setdefault((purpose, value), (expires_at, True))
            return is_new
