"""`GET|POST /api/services/initialize`: a quote, or word that the order named is still good (contract 2.4)."""

import json

from flask import Blueprint, Response

from libs.signing.keys import checksum
from libs.web.gate import public
from libs.web.ocean_form import Form, is_address, is_integer
from libs.web.ocean_shapes import json_response
from services.provider.dialects.fee_view import fee_view
from services.provider.dialects.ocean.access_params import read_access_params
from services.provider.dialects.ocean.userdata import userdata
from services.provider.usecases.initialize import Initialize, InitializeRequest, PaidAlready, Quoted


def add(room: Blueprint, initialize: Initialize) -> None:
    @room.route("/api/services/initialize", methods=["GET", "POST"])
    @public
    def initialize_service() -> Response:
        answer = initialize.answer(_request())
        if isinstance(answer, PaidAlready):
            return json_response({"validOrder": answer.tx_id})
        return _quoted(answer)


def _request() -> InitializeRequest:
    form = Form(read_access_params())
    document_id = form.need("documentId")
    service_id = form.need("serviceId")
    consumer = form.need("consumerAddress", is_address)
    file_index = form.take("fileIndex", is_integer)
    transfer_tx_id = form.take("transferTxId")
    environment = form.take("environment")
    valid_until = form.take("validUntil")
    form.done()
    return InitializeRequest(
        document_id=document_id,
        service_id=service_id,
        consumer_address=checksum(consumer),
        file_index=None if file_index is None else int(file_index),
        transfer_tx_id=transfer_tx_id,
        userdata=userdata(form.params),
        environment=environment,
        valid_until=valid_until,
    )


def _quoted(quote: Quoted) -> Response:
    # The nonce goes out as the number's own text: no float is ever made of it.
    members = [
        f'"datatoken":{json.dumps(quote.datatoken)}',
        f'"nonce":{quote.nonce}',
        f'"providerFee":{json.dumps(fee_view(quote.fee), separators=(",", ":"))}',
    ]
    if quote.order_error is not None:
        members.append(f'"orderError":{json.dumps(quote.order_error)}')
    return Response("{" + ",".join(members) + "}", mimetype="application/json")
