"""What compute asks about its jobs: may one start, what does one cost, the bytes of what it was granted.

POST /internal/compute/authorize {"consumer", "job", "environment", "datasets", "algorithm"}
  -> 200 {"chain_id", "agreement_id", "paid_seconds": int | null, "valid_until", "network", "pins_image",
          "container", "raw_code": text | null, "datasets": [asset], "algorithm": asset | null}
POST /internal/compute/quote     {"consumer", "environment", "valid_until", "datasets", "algorithm"}
  -> 200 the answer of initializeCompute
  both -> 422 {"refused": {"resource": text | null, "code", ...facts}}
GET /internal/compute/grants/<handle>  with X-Tidegate-Job: <uid>, may ask for a Range
  -> 200 | 206 the file's bytes | 403 {"error": "grant_refused"} | 502 {"error": "input_unavailable"}
DELETE /internal/compute/grants?job=<uid> -> 200 {"ended": n}

environment: {"id", "consumer_address", "price_per_minute", "fee_token": address | null, "chain_ids"?: [int]}
datasets[i], algorithm: {"documentId", "serviceId", "transferTxId", "userdata"?}; or algorithm: {"meta"}
asset: {"did", "service_id", "ddo", "userdata", "files": [{"index", "handle"}]}
`facts`: `reason` and `message` of an order, `reason` of a denial, `file` (index) of a file that is at fault.
An authorize may take as long as a transaction takes to be mined (10 s) and files to be looked at.
"""

from typing import Any

from flask import Blueprint, Response, request

from libs.web.params import BadParams, Params
from libs.web.service_tokens import requires_service
from services.provider.dialects.fee_view import fee_view
from services.provider.dialects.internal import refusals
from services.provider.dialects.internal.compute_body import need_job, need_seconds, read_job_request
from services.provider.dialects.internal.errors import BadRequest, answer
from services.provider.domain.grants import GrantRefused, is_job
from services.provider.usecases.compute_quote import Entry, QuoteRequest
from services.provider.usecases.compute_start import Authorized, GrantedAsset, StartRequest
from services.provider.usecases.grants import Grants
from services.provider.usecases.registry import UseCases

CALLER = "compute"
JOB_HEADER = "X-Tidegate-Job"
# Not the name: origins' names are parts of their URLs.
PASSED_ON = frozenset(
    (
        "content-type",
        "content-length",
        "content-range",
        "content-encoding",
        "accept-ranges",
        "etag",
        "last-modified",
    )
)


def add(room: Blueprint, usecases: UseCases) -> None:
    refusals.install(room)
    _add_decisions(room, usecases)
    _add_grants(room, usecases.grants)


def _add_decisions(room: Blueprint, usecases: UseCases) -> None:
    @room.post("/compute/authorize")
    @requires_service(CALLER)
    def authorize() -> Response:
        asked = read_job_request()
        return answer(
            _authorized(
                usecases.authorize_start(
                    StartRequest(
                        job=need_job(asked.params),
                        uses=asked.uses,
                        environment=asked.environment,
                        chain_ids=asked.chain_ids,
                    )
                )
            )
        )

    @room.post("/compute/quote")
    @requires_service(CALLER)
    def quote() -> Response:
        asked = read_job_request()
        found = usecases.quote_compute(
            QuoteRequest(
                uses=asked.uses,
                environment=asked.environment,
                valid_until=need_seconds(asked.params, "valid_until"),
                chain_ids=asked.chain_ids,
            )
        )
        body: dict[str, Any] = {"datasets": [_entry(entry) for entry in found.datasets]}
        if found.algorithm is not None:
            body["algorithm"] = _entry(found.algorithm)
        return answer(body)


def _add_grants(room: Blueprint, grants: Grants) -> None:
    @room.get("/compute/grants/<handle>")
    @requires_service(CALLER)
    def open_grant(handle: str) -> Response:
        job = request.headers.get(JOB_HEADER, "")
        if not is_job(job):
            raise GrantRefused
        reply = grants.open(handle, job, dict(request.headers))
        headers = [(name, value) for name, value in reply.headers if name.lower() in PASSED_ON]
        response = Response(reply.body, reply.status, headers, direct_passthrough=True)
        response.call_on_close(reply.close)
        return response

    @room.delete("/compute/grants")
    @requires_service(CALLER)
    def end_grants() -> Response:
        try:
            params = Params.of_query(request)
        except BadParams as error:
            raise BadRequest(error.field) from error
        return answer({"ended": grants.end(need_job(params))})


def _authorized(found: Authorized) -> dict[str, Any]:
    paid, judged = found.payment, found.judged
    return {
        "chain_id": judged.datasets[0].visit.chain.chain_id,
        "agreement_id": paid.ordered.tx_id,
        "paid_seconds": paid.seconds,
        "valid_until": paid.ordered.valid_until,
        "network": judged.network,
        "pins_image": judged.pins_image,
        "container": dict(judged.container),
        "raw_code": found.raw_code,
        "datasets": [_asset(one) for one in found.datasets],
        "algorithm": None if found.algorithm is None else _asset(found.algorithm),
    }


def _asset(granted: GrantedAsset) -> dict[str, Any]:
    named = granted.ordered.item.named
    return {
        "did": named.asset.did,
        "service_id": named.service.id,
        "ddo": named.asset.document,
        "userdata": named.use.userdata,
        "files": [{"index": index, "handle": handle} for index, handle in enumerate(granted.handles)],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    """Key order is the contract's: ocean.js looks at what is there, people at what comes first."""
    if entry.fee is None:
        return {"validOrder": entry.valid_order}
    body: dict[str, Any] = {"datatoken": entry.datatoken, "providerFee": fee_view(entry.fee)}
    if entry.valid_order is not None:
        body["validOrder"] = entry.valid_order
    if entry.order_error is not None:
        body["orderError"] = entry.order_error
    return body
