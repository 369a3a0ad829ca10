"""`GET|POST /api/services/download`: a file's bytes, to whom an order entitles (contract 2.6).

Behind our gateway the answer is a sealed ticket, and the gateway carries the bytes; HEAD asks the same and
uses a nonce up as well.
"""

from flask import Blueprint, Response, request

from libs.web.gate import signed
from libs.web.ocean_form import Form, auth_token, is_address, is_integer, is_nonce
from services.provider.dialects.ocean.access_params import is_tx_id, read_access_params
from services.provider.dialects.ocean.userdata import userdata
from services.provider.domain.orders import parse_tx_id
from services.provider.usecases.download import Carriage, Download, DownloadRequest
from services.provider.usecases.handover import Ticketed

ACCEL_OFFER = "X-Tidegate-Accel"  # set by our gateway, which overwrites what a client sent
EGRESS_LOCATION = "/_egress"


def add(room: Blueprint, download: Download) -> None:
    @room.route("/api/services/download", methods=["GET", "POST"])
    @signed
    def download_file() -> Response:
        carriage = Carriage(
            method=request.method,
            headers=dict(request.headers),
            by_gateway=request.headers.get(ACCEL_OFFER) == "1",
        )
        delivery = download.file(_request(), carriage)
        if isinstance(delivery, Ticketed):
            headers = {"X-Accel-Redirect": EGRESS_LOCATION, "X-Egress-Ticket": delivery.ticket}
            return Response(status=200, headers=headers)
        response = Response(delivery.body, delivery.status, list(delivery.headers), direct_passthrough=True)
        response.call_on_close(delivery.close)
        return response


def _request() -> DownloadRequest:
    token = auth_token()
    form = Form(read_access_params(), bail=True)
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
        userdata=userdata(form.params),
    )
