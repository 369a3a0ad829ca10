"""`/api/services/compute`: start (POST), status (GET), stop (PUT) and delete (DELETE) of jobs (contract 2.8,
2.10, 2.11). `/api/compute` is the seed's older path.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, Response

from libs.web.gate import public, signed
from libs.web.ocean_form import Form, auth_token, is_address
from libs.web.ocean_shapes import FieldErrors, json_response
from services.compute.dialects.ocean.parts import OceanParts
from services.compute.dialects.ocean.requests import (
    algorithm,
    check_output,
    compute_params,
    datasets,
    is_document,
    is_job,
    wallet_request,
    wanted,
)
from services.compute.dialects.ocean.status import full_view, minimal_view
from services.compute.domain.errors import EnvironmentUnknown
from services.compute.domain.job import Job
from services.compute.usecases.ocean_jobs import Wanted
from services.compute.usecases.ocean_start import OceanStartRequest
from services.compute.usecases.wallet_requests import WalletRequest

PATHS: Final = ("/api/services/compute", "/api/compute")
WHICH: Final = "The jobId field is required when neither documentId nor agreementId is present."


def add(room: Blueprint, parts: OceanParts) -> None:
    routes = _Routes(parts)
    for path in PATHS:
        room.add_url_rule(path, f"start {path}", signed(lambda: routes.start()), methods=["POST"])
        room.add_url_rule(path, f"status {path}", public(lambda: routes.status()), methods=["GET"])
        room.add_url_rule(path, f"stop {path}", signed(lambda: routes.stop()), methods=["PUT"])
        room.add_url_rule(path, f"delete {path}", signed(lambda: routes.delete()), methods=["DELETE"])


class _Routes:
    def __init__(self, parts: OceanParts) -> None:
        self._parts = parts

    def start(self) -> Response:
        params = compute_params()
        form = Form(params, bail=True)
        document_id = form.need("dataset.documentId", is_document)
        form.need("dataset.serviceId")
        form.need("dataset.transferTxId")
        used = algorithm(params)
        asking = wallet_request(form)
        environment = form.take("environment")
        form.done()
        proven = self._parts.requests.start(asking, document_id)
        if environment is None:
            raise EnvironmentUnknown
        uses = datasets(params)
        check_output(params)
        request = OceanStartRequest(
            consumer=proven.address, environment=environment, datasets=uses, algorithm=used
        )
        return self._views([self._parts.start(request)], proven.address, full=True)

    def status(self) -> Response:
        """Unsigned in every client but ocean.py, which signs it like a stop and uses the nonce again."""
        form = Form(compute_params(), bail=True)
        asked = wanted(form)
        request = WalletRequest(
            address=form.need("consumerAddress", is_address),
            nonce=form.take("nonce"),
            signature=form.take("signature"),
            auth_token=auth_token(),
        )
        form.done()
        full = self._parts.requests.reads(request, asked.job_id, asked.document_id)
        return self._views(self._parts.jobs.list(asked), asked.consumer, full=full)

    def stop(self) -> Response:
        asked, full = self._controlled(stops=True)
        return self._views(self._parts.jobs.stop(asked), asked.consumer, full=full)

    def delete(self) -> Response:
        asked, full = self._controlled(stops=False)
        return self._views(self._parts.jobs.delete(asked), asked.consumer, full=full)

    def _controlled(self, *, stops: bool) -> tuple[Wanted, bool]:
        """Which jobs, once their owner has proven to be it; and whether all of them may be told."""
        form = Form(compute_params(), bail=True)
        request = wallet_request(form, needs_nonce=False)
        job_id = form.take("jobId", is_job) or ""
        document_id = form.take("documentId", is_document) or ""
        asked = wanted(form)
        if not (job_id or document_id or asked.agreement_id):
            raise FieldErrors({"jobId": [WHICH]})
        proven = self._parts.requests.control(request, job_id, document_id, stops=stops)
        return asked, proven.once

    def _views(self, jobs: Sequence[Job], consumer: str, *, full: bool) -> Response:
        view = full_view if full else minimal_view
        found: list[Mapping[str, Any]] = [view(job, consumer, self._parts.jobs.results(job)) for job in jobs]
        response = json_response(found)
        response.headers["Cache-Control"] = "no-store"
        return response
