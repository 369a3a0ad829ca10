"""Say what a use of a service costs, or that it is paid for already. Source: contract 2.4.

Unsigned, so nothing here waits for anything and nothing is stored.
"""

import re
from dataclasses import dataclass

from services.provider.domain.access import (
    ComputeQuotedElsewhere,
    EnvironmentNotFound,
    FileUnreachable,
    WrongValidUntil,
)
from services.provider.domain.asset import COMPUTE, Service
from services.provider.domain.fees import ProviderFeeQuote
from services.provider.domain.order_errors import MalformedTxId, OrderRefused
from services.provider.domain.orders import parse_tx_id
from services.provider.ports import Clock, ComputeEnvironment, ComputeEnvironments
from services.provider.usecases.access import Access, Visit
from services.provider.usecases.nonces import Nonces
from services.provider.usecases.orders import Orders, Terms
from services.provider.usecases.probe import Probe
from services.provider.usecases.quotes import Quotes
from services.provider.usecases.service_files import ServiceFiles

_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InitializeRequest:
    """Texts as received; `consumer_address` checksummed; None for what was not sent."""

    document_id: str
    service_id: str
    consumer_address: str
    file_index: int | None = None
    transfer_tx_id: str | None = None
    userdata: object = None
    environment: str | None = None
    valid_until: str | None = None


@dataclass(frozen=True, slots=True)
class PaidAlready:
    """The transaction of the order that is still good."""

    tx_id: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """`nonce` is JSON number text; `order_error` tells why a transaction that was named does not count."""

    datatoken: str
    nonce: str
    fee: ProviderFeeQuote
    order_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialize:
    access: Access
    orders: Orders
    quotes: Quotes
    files: ServiceFiles
    probe: Probe
    nonces: Nonces
    environments: ComputeEnvironments
    clock: Clock

    def answer(self, request: InitializeRequest) -> PaidAlready | Quoted:
        """Raises what Access and ServiceFiles raise, ServiceNotFound, ChainError, domain.access errors."""
        caller = request.consumer_address
        self.access.ask("initialize", caller, request.document_id, request.service_id)
        visit = self.access.enter(request.document_id, caller)
        service = visit.asset.service(request.service_id)
        environment = self._environment(visit, service, request)
        order_error = None
        if request.transfer_tx_id is not None:
            try:
                return self._paid(visit, service, request.transfer_tx_id, environment)
            except OrderRefused as error:
                order_error = str(error.cause)
            except MalformedTxId:
                order_error = "transferTxId is not a transaction hash."
        self._look_at_file(visit, service, request)
        return Quoted(
            datatoken=service.datatoken,
            nonce=self.nonces.shown(caller, "consumerAddress"),
            fee=self._quote(visit, service, environment, request),
            order_error=order_error,
        )

    def _environment(
        self, visit: Visit, service: Service, request: InitializeRequest
    ) -> ComputeEnvironment | None:
        """None for what is not compute. Compute is quoted here in the old way only, with both parameters."""
        if service.type != COMPUTE:
            return None
        if request.environment is None or request.valid_until is None:
            raise ComputeQuotedElsewhere
        if not _SECONDS.fullmatch(request.valid_until):
            raise WrongValidUntil
        if int(request.valid_until) <= self.clock.now():
            raise WrongValidUntil
        found = self.environments.find(visit.asset.chain_id, request.environment)
        if found is None:
            raise EnvironmentNotFound
        return found

    def _paid(
        self, visit: Visit, service: Service, tx_id: str, environment: ComputeEnvironment | None
    ) -> PaidAlready:
        terms = Terms(environment=environment.id if environment else None, expired_fee_allowed=True)
        return PaidAlready(self.orders.check(visit, service, parse_tx_id(tx_id), terms).tx_id)

    def _look_at_file(self, visit: Visit, service: Service, request: InitializeRequest) -> None:
        if request.file_index is None:
            return
        plan = self.files.plan(visit.asset, service, request.file_index, request.userdata)
        if not self.probe.one(plan).valid:
            raise FileUnreachable(request.document_id, request.service_id, request.file_index)

    def _quote(
        self,
        visit: Visit,
        service: Service,
        environment: ComputeEnvironment | None,
        request: InitializeRequest,
    ) -> ProviderFeeQuote:
        if environment is None or request.valid_until is None:
            return self.quotes.access(visit.chain, service)
        return self.quotes.compute(visit.chain, service, environment, int(request.valid_until))
