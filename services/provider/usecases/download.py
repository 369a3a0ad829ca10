"""Decide whether a caller gets a file, and how its bytes are obtained; then have them carried.

Source: contract 2.6. Order of the checks (design, data path): shape, signature, nonce, asset and service,
credentials and state, order, file. The nonce is used up before anything it permits happens.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from libs.signing.messages import Download as DownloadMessage
from services.provider.domain.access import check_downloadable
from services.provider.domain.asset import COMPUTE, Asset, AssetNotFound, MalformedAsset, Service, is_did
from services.provider.domain.callers import SignatureRefused, TokenRefused
from services.provider.domain.nonces import USER_SCOPE
from services.provider.domain.orders import ValidOrder
from services.provider.domain.origins import Plan
from services.provider.ports import ComputeEnvironments, ProofOfDownload, Proofs
from services.provider.usecases.access import Access, Visit
from services.provider.usecases.authenticate import Authenticate
from services.provider.usecases.handover import Delivery, Handover
from services.provider.usecases.orders import Orders, Terms
from services.provider.usecases.service_files import ServiceFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRequest:
    """Texts as received, `tx_id` canonical; the nonce may be None with an AuthToken."""

    document_id: str
    service_id: str
    consumer_address: str
    tx_id: str
    file_index: int
    nonce: str | None
    signature: str | None
    auth_token: str | None
    userdata: object = None

    def message(self) -> str:
        return DownloadMessage(self.document_id, self.nonce or "").text()


@dataclass(frozen=True, slots=True)
class Carriage:
    """How the caller's connection wants the bytes: `by_gateway` when our own gateway asked."""

    method: str
    headers: Mapping[str, str]
    by_gateway: bool


@dataclass(frozen=True, slots=True)
class _Granted:
    visit: Visit
    service: Service
    order: ValidOrder
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    authenticate: Authenticate
    access: Access
    orders: Orders
    files: ServiceFiles
    handover: Handover
    environments: ComputeEnvironments
    proofs: Proofs | None = None

    def file(self, request: DownloadRequest, carriage: Carriage) -> Delivery:
        """Raises what Authenticate.caller, Access, ServiceFiles and Handover raise; ServiceNotFound,
        NotAnAccessService, EnvironmentsUnavailable, OrderRefused, ChainError."""
        granted = self._grant(request)
        delivery = self.handover.deliver(granted.plan, carriage.method, carriage.headers, carriage.by_gateway)
        self._prove(request, granted)
        return delivery

    def _grant(self, request: DownloadRequest) -> _Granted:
        if not is_did(request.document_id):
            # Before the signature: what is signed has no separator, so that a DID less its last digits and a
            # nonce with them in front would verify too, and use up a nonce far above the signer's next.
            raise AssetNotFound(request.document_id)
        caller = self._caller(request)
        self.access.ask("access", caller, request.document_id, request.service_id)
        asset = self.access.find(request.document_id)
        service = asset.service(request.service_id)
        check_downloadable(service, caller, self._environment_accounts(asset, service))
        visit = self.access.visit(asset, caller)
        order = self.orders.check(visit, service, request.tx_id, Terms(wait=True))
        plan = self.files.plan(asset, service, request.file_index, request.userdata)
        return _Granted(visit, service, order, plan)

    def _environment_accounts(self, asset: Asset, service: Service) -> frozenset[str]:
        """Who may read a compute service's files; nobody is asked about any other service."""
        if service.type != COMPUTE:
            return frozenset()
        return self.environments.consumer_addresses(asset.chain_id)

    def _caller(self, request: DownloadRequest) -> str:
        """The proven caller. Only what no plain account signed is asked of a smart account, on the asset's
        chain; so a wrong signature costs a look-up, a right one does not."""
        try:
            return self._authenticated(request, None)
        except (SignatureRefused, TokenRefused):
            asset = self._asset_or_none(request.document_id)
            if asset is None:
                raise
            return self._authenticated(request, asset.chain_id)

    def _authenticated(self, request: DownloadRequest, chain_id: int | None) -> str:
        return self.authenticate.caller(
            address=request.consumer_address,
            messages=[request.message()],
            nonce=request.nonce,
            signature=request.signature,
            auth_token=request.auth_token,
            scope=USER_SCOPE,
            chain_id=chain_id,
        )

    def _asset_or_none(self, did: str) -> Asset | None:
        try:
            return self.access.find(did)
        except (AssetNotFound, MalformedAsset):
            return None

    def _prove(self, request: DownloadRequest, granted: _Granted) -> None:
        if self.proofs is None:
            return
        told = {
            "documentId": request.document_id,
            "serviceId": granted.service.id,
            "fileIndex": request.file_index,
            "downloadedBytes": 0,
        }
        self.proofs.record(
            ProofOfDownload(
                chain_id=granted.visit.asset.chain_id,
                datatoken=granted.service.datatoken,
                order_tx_id=granted.order.tx_id,
                provider_data=json.dumps(told, separators=(",", ":")),
                consumer_data=request.message(),
                consumer_signature=request.signature or "",
                consumer_address=granted.visit.caller,
            )
        )
