"""`GET|POST /api/services/initialize`: a quote, or word that the order named is still good (contract 2.4)."""

import json
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from libs.signing.keys import checksum
from libs.web.gate import public
from libs.web.ocean_form import Form, is_address, is_integer
from libs.web.params import Params
from services.provider.dialects.fee_view import fee_view
from services.provider.dialects.ocean.access_params import plain_access_params, read_access_params
from services.provider.dialects.ocean.plain import JSON, Answer, Way, outcome, whole
from services.provider.dialects.ocean.userdata import userdata
from services.provider.usecases.initialize import Initialize, InitializeRequest, PaidAlready, Quoted

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH: Final = "/api/services/initialize"


def add(room: Blueprint, initialize: Initialize) -> None:
    @room.route(PATH, methods=["GET", "POST"])
    @public
    def initialize_service() -> Response:
        found = outcome(lambda: initialize.answer(_asked_for(read_access_params())))
        return _answer(found).response()


def way(initialize: Initialize) -> Way[InitializeRequest, PaidAlready | Quoted]:
    return Way("GET", _plain, initialize.answer, _answer)


def _plain(environ: "WSGIEnvironment") -> InitializeRequest | None:
    params = plain_access_params(environ)
    return None if params is None else _asked_for(params)


def _asked_for(params: Params) -> InitializeRequest:
    """Raises FieldErrors."""
    form = Form(params)
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
        userdata=userdata(params),
        environment=environment,
        valid_until=valid_until,
    )


def _answer(found: PaidAlready | Quoted) -> Answer:
    if isinstance(found, PaidAlready):
        return whole(json.dumps({"validOrder": found.tx_id}, separators=(",", ":")).encode(), JSON)
    return whole(_quoted(found).encode(), JSON)


def _quoted(quote: Quoted) -> str:
    # The nonce goes out as the number's own text: no float is ever made of it.
    members = [
        f'"datatoken":{json.dumps(quote.datatoken)}',
        f'"nonce":{quote.nonce}',
        f'"providerFee":{json.dumps(fee_view(quote.fee), separators=(",", ":"))}',
    ]
    if quote.order_error is not None:
        members.append(f'"orderError":{json.dumps(quote.order_error)}')
    return "{" + ",".join(members) + "}"
