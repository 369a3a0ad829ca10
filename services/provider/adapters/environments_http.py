"""Compute environments as the compute service tells of them, over HTTP; asked again after a few seconds.

An answer that cannot be renewed is used a little longer: a restart of compute must not turn its customers
away. Then nothing can be said about any environment.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import inf
from threading import Lock
from typing import Any

from libs.signing.errors import SigningError
from libs.signing.keys import checksum
from libs.web.internal_client import InternalClient, PeerUnavailable
from services.provider.domain.access import EnvironmentsUnavailable
from services.provider.domain.fees import ZERO_ADDRESS
from services.provider.ports import ComputeEnvironment

log = logging.getLogger(__name__)
ENVIRONMENTS = "/internal/environments"
FRESH_SECONDS = 5.0
USABLE_SECONDS = 300.0
PAUSE_SECONDS = 1.0  # after a failure: whoever waited for it need not find the same out again


@dataclass(frozen=True, slots=True)
class _Known:
    environment: ComputeEnvironment
    chain_ids: frozenset[int]  # empty: all

    def takes(self, chain_id: int) -> bool:
        return not self.chain_ids or chain_id in self.chain_ids


class EnvironmentsHttp:
    """A ComputeEnvironments. Thread-safe; one instance per process."""

    def __init__(self, client: InternalClient, now: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._now = now
        self._lock = Lock()
        self._known: tuple[_Known, ...] = ()
        self._asked_at: float | None = None  # with success
        self._failed_at: float | None = None
        self._timed_out = False

    def find(self, chain_id: int, environment_id: str) -> ComputeEnvironment | None:
        for known in self._current():
            if known.environment.id == environment_id and known.takes(chain_id):
                return known.environment
        return None

    def consumer_addresses(self, chain_id: int) -> frozenset[str]:
        addresses = (known.environment.consumer_address for known in self._current() if known.takes(chain_id))
        return frozenset(address for address in addresses if address != ZERO_ADDRESS)

    def _current(self) -> tuple[_Known, ...]:
        with self._lock:  # threads that come together ask once
            if self._age(self._asked_at) >= FRESH_SECONDS and self._age(self._failed_at) >= PAUSE_SECONDS:
                self._renew()
            if self._age(self._asked_at) >= USABLE_SECONDS:
                raise EnvironmentsUnavailable(timed_out=self._timed_out)
            return self._known

    def _renew(self) -> None:
        try:
            self._known = self._ask()
            self._asked_at = self._now()
        except EnvironmentsUnavailable as error:
            log.warning("the compute service does not tell its environments")
            self._failed_at, self._timed_out = self._now(), error.timed_out

    def _age(self, at: float | None) -> float:
        return inf if at is None else self._now() - at

    def _ask(self) -> tuple[_Known, ...]:
        try:
            reply = self._client.get(ENVIRONMENTS)
            if reply.status != 200:
                raise PeerUnavailable("compute", f"status {reply.status}")
            return tuple(_known(entry) for entry in reply.json())
        except PeerUnavailable as error:
            raise EnvironmentsUnavailable(timed_out="Timeout" in error.reason) from error
        except (KeyError, TypeError, ValueError, SigningError, InvalidOperation) as error:
            raise EnvironmentsUnavailable from error


def _known(entry: Mapping[str, Any]) -> _Known:
    """Raises KeyError, TypeError, ValueError, SigningError, InvalidOperation for what was not agreed."""
    price = Decimal(str(entry["price_per_minute"]))
    if not price.is_finite() or price < 0:
        raise ValueError("not a price")
    token = entry.get("fee_token")
    environment = ComputeEnvironment(
        id=str(entry["id"]),
        consumer_address=checksum(entry["consumer_address"]),
        price_per_minute=price,
        fee_token=None if token is None else checksum(token),
    )
    return _Known(environment, frozenset(int(chain_id) for chain_id in entry.get("chain_ids") or ()))
