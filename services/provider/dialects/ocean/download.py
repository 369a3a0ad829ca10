"""`GET|POST /api/services/download`: a file's bytes, to whom an order entitles (contract 2.6).

Behind our gateway the answer is a sealed ticket, and the gateway carries the bytes; HEAD asks the same and
uses a nonce up as well.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from libs.web.gate import signed
from libs.web.ocean_form import Form, auth_token, is_address, is_integer, is_nonce
from libs.web.params import Params
from services.provider.dialects.ocean.access_params import (
    is_tx_id,
    plain_access_params,
    read_access_params,
)
from services.provider.dialects.ocean.plain import Answer, Way, has_token, outcome
from services.provider.dialects.ocean.userdata import userdata
from services.provider.domain.orders import parse_tx_id
from services.provider.usecases.download import Carriage, Download, DownloadRequest
from services.provider.usecases.handover import Delivery, Ticketed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH: Final = "/api/services/download"
_ACCEL_OFFER = "HTTP_X_TIDEGATE_ACCEL"  # set by our gateway, which overwrites what a client sent
_RANGE_HEADERS = {"Range": "HTTP_RANGE", "If-Range": "HTTP_IF_RANGE"}
_EGRESS_LOCATION = "/_egress"


def add(room: Blueprint, download: Download) -> None:
    @room.route(PATH, methods=["GET", "POST"])
    @signed
    def download_file() -> Response:
        delivery = _delivery(download)
        if isinstance(delivery, Ticketed):
            return Response(status=200, headers=_ticket_headers(delivery))
        response = Response(delivery.body, delivery.status, list(delivery.headers), direct_passthrough=True)
        response.call_on_close(delivery.close)
        return response


def way(download: Download) -> Way[tuple[DownloadRequest, Carriage], Delivery]:
    """Only tickets are given there, to callers who sign."""
    return Way("GET", _plain, lambda asked: download.file(*asked), _ticket)


def _delivery(download: Download) -> Delivery:
    return outcome(
        lambda: download.file(_asked_for(read_access_params(), auth_token()), _carriage(request.environ))
    )


def _plain(environ: "WSGIEnvironment") -> tuple[DownloadRequest, Carriage] | None:
    wanted = _carriage(environ)
    params = plain_access_params(environ) if wanted.by_gateway and not has_token(environ) else None
    return None if params is None else (_asked_for(params, None), wanted)


def _ticket(delivery: Delivery) -> Answer | None:
    if isinstance(delivery, Ticketed):
        return Answer(200, tuple(_ticket_headers(delivery).items()), (b"",), 0)
    return None


def _carriage(environ: Mapping[str, Any]) -> Carriage:
    return Carriage(
        method=environ["REQUEST_METHOD"],
        headers={name: environ[key] for name, key in _RANGE_HEADERS.items() if key in environ},
        by_gateway=environ.get(_ACCEL_OFFER) == "1",
    )


def _ticket_headers(delivery: Ticketed) -> dict[str, str]:
    return {"X-Accel-Redirect": _EGRESS_LOCATION, "X-Egress-Ticket": delivery.ticket}


def _asked_for(params: Params, token: str | None) -> DownloadRequest:
    """Raises FieldErrors."""
    form = Form(params, bail=True)
    document_id = form.need("documentId")
    service_id = form.need("serviceId")
    consumer = form.need("consumerAddress", is_address)
    tx_id = form.need("transferTxId", is_tx_id)
    file_index = form.need("fileIndex", is_integer)
    signature = form.take("signature")
    # With a token the nonce is optional (contract 9).
    optional = token is not None and signature is None
    nonce = form.take("nonce", is_nonce) if optional else form.need("nonce", is_nonce)
    form.done()
    return DownloadRequest(
        document_id=document_id,
        service_id=service_id,
        consumer_address=consumer,
        tx_id=parse_tx_id(tx_id),
        file_index=int(file_index),
        nonce=nonce,
        signature=signature,
        auth_token=token,
        userdata=userdata(params),
    )
