"""Where Ocean jobs may run, what is free there, and what it costs on which chain."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.ports import Clock
from services.compute.ports.provider import Provider, ProviderUnavailable
from services.compute.ports.store import JobStore

REMEMBER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Offer:
    """An environment as it stands now; `fee_token` is the one that counts on the chain asked about."""

    environment: Environment
    fee_token: str
    running: int


class OceanEnvironments:
    def __init__(self, book: EnvironmentBook, store: JobStore, provider: Provider, clock: Clock) -> None:
        self._book = book
        self._store = store
        self._provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: Mapping[int, str] = {}
        self._asked_at = 0.0

    def find(self, name: str) -> Environment:
        """Raises EnvironmentUnknown."""
        return self._book.find(name)

    def now(self) -> float:
        return self._clock.now()

    def offers(self) -> Mapping[int, Sequence[Offer]]:
        """By chain, for every chain that is served. Raises StoreUnavailable, ProviderUnavailable."""
        tokens = self._fee_tokens()
        everywhere = self._book.all()
        running = self._store.running_in([environment.id for environment in everywhere])
        return {
            chain_id: [
                Offer(item, item.fee_token or token, running.get(item.id, 0))
                for item in everywhere
                if not item.chain_ids or chain_id in item.chain_ids
            ]
            for chain_id, token in tokens.items()
        }

    def _fee_tokens(self) -> Mapping[int, str]:
        """Asked again after a minute; an answer stays good while the provider is away."""
        with self._lock:
            if not self._tokens or self._clock.now() - self._asked_at > REMEMBER_SECONDS:
                try:
                    self._tokens = self._provider.fee_tokens()
                except ProviderUnavailable:
                    if not self._tokens:
                        raise
                self._asked_at = self._clock.now()
            return self._tokens
