"""`POST /api/services/initializeCompute`: what the orders for a job cost (contract 2.5)."""

import re

from flask import Blueprint, Response

from libs.signing.keys import checksum
from libs.web.gate import public
from libs.web.ocean_form import Form, is_address
from libs.web.ocean_shapes import json_response, refusal
from services.compute.dialects.ocean.parts import OceanParts
from services.compute.dialects.ocean.requests import algorithm, compute_params, quoted_datasets
from services.compute.domain.errors import EnvironmentUnknown
from services.compute.ports.provider import QuoteRequest

_TIME = re.compile(r"[0-9]{1,12}")
WRONG_TIME = "The validUntil value is not correct."
NO_ENVIRONMENT = "Compute environment does not exist"


def add(room: Blueprint, parts: OceanParts) -> None:
    @room.post("/api/services/initializeCompute")
    @public
    def initialize_compute() -> Response:
        params = compute_params()
        form = Form(params, bail=True)
        datasets = quoted_datasets(params)
        used = algorithm(params)
        name, until = form.need("compute.env"), form.need("compute.validUntil")
        consumer = checksum(form.need("consumerAddress", is_address))
        if _TIME.fullmatch(until) is None or int(until) <= parts.environments.now():
            return refusal(WRONG_TIME)
        try:
            environment = parts.environments.find(name)
        except EnvironmentUnknown:
            return refusal(NO_ENVIRONMENT)
        request = QuoteRequest(
            consumer=consumer,
            environment=environment,
            valid_until=int(until),
            datasets=datasets,
            algorithm=used,
        )
        return json_response(parts.start.quote(request))
