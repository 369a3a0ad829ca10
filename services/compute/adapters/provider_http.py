"""The provider's internal routes: orders, grants, nonces, and contract wallets. A Provider.

JSON answers are read whole; a granted file's bytes are streamed (adapters/grant_stream.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from libs.web.http import PeerUnavailable, Reply
from libs.web.internal_client import InternalClient
from services.compute.adapters.grant_stream import GrantStream
from services.compute.ports.provider import (
    AlgorithmUse,
    AssetUse,
    Authorized,
    GrantedAsset,
    GrantedFile,
    NonceTooLow,
    ProviderUnavailable,
    QuoteRequest,
    StartRequest,
    UseRefused,
)

AUTHORIZE: Final = "/internal/compute/authorize"
QUOTE: Final = "/internal/compute/quote"
GRANTS: Final = "/internal/compute/grants"
CONSUME: Final = "/internal/nonces/consume"
LAST: Final = "/internal/nonces/last"
VERIFY: Final = "/internal/contract-signatures/verify"
CHAINS: Final = "/internal/chains"
NO_TOKEN: Final = "0x0000000000000000000000000000000000000000"  # noqa: S105 - an address
SCOPE: Final = "user"
MALFORMED_NONCE: Final = "The nonce must be a number."


class ProviderHttp:
    def __init__(self, client: InternalClient, grants: GrantStream) -> None:
        self._client = client
        self._grants = grants

    def authorize(self, request: StartRequest) -> Authorized:
        asked = {
            "consumer": request.consumer,
            "job": request.job,
            "environment": request.environment.facts(),
            "datasets": [_asset_view(use) for use in request.datasets],
            "algorithm": _algorithm_view(request.algorithm),
        }
        answer = self._answer(self._post(AUTHORIZE, asked))
        try:
            return _authorized(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise ProviderUnavailable("the provider's answer is malformed") from error

    def quote(self, request: QuoteRequest) -> Mapping[str, Any]:
        asked = {
            "consumer": request.consumer,
            "environment": request.environment.facts(),
            "valid_until": request.valid_until,
            "datasets": [_asset_view(use) for use in request.datasets],
            "algorithm": _algorithm_view(request.algorithm),
        }
        return self._answer(self._post(QUOTE, asked))

    def open(self, job: str, handle: str) -> Iterator[bytes]:
        return self._grants.open(f"{GRANTS}/{quote(handle, safe='')}", job)

    def end_grants(self, job: str) -> None:
        try:
            reply = self._client.request("DELETE", f"{GRANTS}?{urlencode({'job': job})}")
        except PeerUnavailable as error:
            raise ProviderUnavailable(error.reason) from error
        _expect(reply, 200)

    def consume_nonce(self, address: str, nonce: str) -> None:
        reply = self._post(CONSUME, {"scope": SCOPE, "address": address, "nonce": nonce})
        if reply.status == 409:
            raise NonceTooLow(str(_object(reply).get("stored", "")), nonce)
        if reply.status == 400:
            raise UseRefused(None, MALFORMED_NONCE)
        _expect(reply, 200)

    def last_nonce(self, address: str) -> str:
        reply = self._get(LAST, {"scope": SCOPE, "address": address})
        shown = _object(reply).get("shown")
        if not isinstance(shown, str):
            raise ProviderUnavailable("the provider's answer is malformed")
        return shown

    def signed_message(self, address: str, messages: Sequence[str], signature: str) -> str | None:
        asked = {"address": address, "messages": list(messages), "signature": signature}
        reply = self._post(VERIFY, asked)
        _expect(reply, 200)
        answer = _object(reply)
        found = answer.get("message")
        return str(found) if answer.get("valid") is True and found in messages else None

    def fee_tokens(self) -> Mapping[int, str]:
        reply = self._get(CHAINS)
        answer = _object(reply)
        chain_ids, tokens = answer.get("chain_ids"), answer.get("fee_tokens")
        if not isinstance(chain_ids, list) or any(type(item) is not int for item in chain_ids):
            raise ProviderUnavailable("the provider's answer is malformed")
        known = tokens if isinstance(tokens, dict) else {}
        return {chain_id: str(known.get(str(chain_id), NO_TOKEN)) for chain_id in chain_ids}

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        try:
            reply = self._client.get(path, params)
        except PeerUnavailable as error:
            raise ProviderUnavailable(error.reason) from error
        _expect(reply, 200)
        return reply

    def _post(self, path: str, body: Mapping[str, Any]) -> Reply:
        try:
            return self._client.post(path, body)
        except PeerUnavailable as error:
            raise ProviderUnavailable(error.reason) from error

    def _answer(self, reply: Reply) -> Mapping[str, Any]:
        """Of a 200; a 422 is the refusal it holds."""
        if reply.status == 422:
            raise _refused(_object(reply).get("refused"))
        _expect(reply, 200)
        return _object(reply)


def _asset_view(use: AssetUse) -> dict[str, Any]:
    return {
        "documentId": use.document_id,
        "serviceId": use.service_id,
        "transferTxId": use.transfer_tx_id,
        "userdata": use.userdata,
    }


def _algorithm_view(use: AlgorithmUse) -> dict[str, Any]:
    return {"meta": dict(use.meta)} if use.meta is not None else _asset_view(use)


def _refused(document: Any) -> UseRefused:
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        raise ProviderUnavailable("the provider's answer is malformed")
    resource = document.get("resource")
    extra = {name: value for name, value in document.items() if name not in ("resource", "code")}
    return UseRefused(resource if isinstance(resource, str) else None, document["code"], extra)


def _authorized(answer: Mapping[str, Any]) -> Authorized:
    """Raises KeyError, TypeError, ValueError."""
    algorithm = answer["algorithm"]
    paid, raw_code = answer["paid_seconds"], answer["raw_code"]
    return Authorized(
        chain_id=int(answer["chain_id"]),
        agreement_id=_text(answer["agreement_id"]),
        paid_seconds=None if paid is None else int(paid),
        valid_until=int(answer["valid_until"]),
        datasets=tuple(_granted(item) for item in answer["datasets"]),
        algorithm=None if algorithm is None else _granted(algorithm),
        container=dict(answer["container"]),
        raw_code=None if raw_code is None else _text(raw_code),
        network=answer["network"] is True,
        pins_image=answer["pins_image"] is True,
    )


def _granted(item: Mapping[str, Any]) -> GrantedAsset:
    files = [GrantedFile(index=int(file["index"]), handle=_text(file["handle"])) for file in item["files"]]
    return GrantedAsset(
        did=_text(item["did"]),
        service_id=_text(item["service_id"]),
        ddo=dict(item["ddo"]),
        files=tuple(files),
        userdata=item.get("userdata"),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _expect(reply: Reply, status: int) -> None:
    if reply.status != status:
        raise ProviderUnavailable(f"the provider answered {reply.status}")


def _object(reply: Reply) -> dict[str, Any]:
    try:
        answer = reply.json()
    except PeerUnavailable as error:
        raise ProviderUnavailable(error.reason) from error
    return answer if isinstance(answer, dict) else {}
