"""What compute sends about a job: who, where, which assets. Shape only; the use cases judge the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request

from libs.signing.errors import SigningError
from libs.signing.keys import checksum
from libs.web.ocean_form import plain
from libs.web.params import BadParams, Limits, NumberText, Params
from services.provider.dialects.internal.errors import BadRequest
from services.provider.domain.compute import MAX_DATASETS, AlgorithmUse, AssetUse, Uses
from services.provider.domain.grants import is_job
from services.provider.ports import ComputeEnvironment

LIMITS = Limits(body=4 * 1024 * 1024)
_MAX_CHAIN_ID_DIGITS = 18


@dataclass(frozen=True, slots=True)
class JobRequest:
    uses: Uses
    environment: ComputeEnvironment
    chain_ids: frozenset[int]
    params: Params


def read_job_request() -> JobRequest:
    """Raises BadRequest."""
    try:
        params = Params.of_json(request, LIMITS)
    except BadParams as error:
        raise BadRequest(error.field) from error
    environment = params.value("environment")
    if not isinstance(environment, dict):
        raise BadRequest("environment")
    return JobRequest(_uses(params), _environment(environment), _chain_ids(environment), params)


def need_job(params: Params) -> str:
    job = params.value("job")
    if not isinstance(job, str) or not is_job(job):
        raise BadRequest("job")
    return str(job)


def need_seconds(params: Params, field: str) -> int:
    """A time in UTC seconds; what is too long for one is as good as far away."""
    value = params.value(field)
    if not isinstance(value, NumberText) or not value.is_integer or value.startswith("-") or len(value) > 18:
        raise BadRequest(field)
    return int(value)


def _uses(params: Params) -> Uses:
    datasets, algorithm = params.value("datasets"), params.value("algorithm")
    if not isinstance(datasets, list) or not 0 < len(datasets) <= MAX_DATASETS:
        raise BadRequest("datasets")
    if not isinstance(algorithm, dict):
        raise BadRequest("algorithm")
    return Uses(
        consumer=_address(params, "consumer"),
        datasets=tuple(AssetUse(**_asset(one, f"datasets[{index}]")) for index, one in enumerate(datasets)),
        algorithm=AlgorithmUse(**_asset(algorithm, "algorithm"), meta=plain(algorithm.get("meta"))),
    )


def _asset(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(field)
    return {
        "document_id": _text(value, "documentId", field),
        "service_id": _text(value, "serviceId", field),
        "transfer_tx_id": _text(value, "transferTxId", field),
        "userdata": plain(value.get("userdata")),
    }


def _environment(value: Mapping[str, Any]) -> ComputeEnvironment:
    environment_id = value.get("id")
    if not isinstance(environment_id, str) or not environment_id:
        raise BadRequest("environment.id")
    return ComputeEnvironment(
        id=str(environment_id),
        consumer_address=_address(value, "consumer_address"),
        price_per_minute=_price(value.get("price_per_minute")),
        fee_token=None if value.get("fee_token") is None else _address(value, "fee_token"),
    )


def _chain_ids(environment: Mapping[str, Any]) -> frozenset[int]:
    values = environment.get("chain_ids") or []
    if not isinstance(values, list):
        raise BadRequest("environment.chain_ids")
    for value in values:
        if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
            raise BadRequest("environment.chain_ids")
        if len(value) > _MAX_CHAIN_ID_DIGITS:
            raise BadRequest("environment.chain_ids")
    return frozenset(int(value) for value in values)


def _price(value: object) -> Decimal:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        raise BadRequest("environment.price_per_minute") from None
    if not price.is_finite() or not 0 <= price < Decimal(10) ** 30 or (price and price.adjusted() < -40):
        raise BadRequest("environment.price_per_minute")
    return price


def _address(values: Mapping[str, Any], field: str) -> str:
    value = values.get(field)
    try:
        return checksum(value if isinstance(value, str) else "")
    except SigningError:
        raise BadRequest(field) from None


def _text(value: Mapping[str, Any], name: str, field: str) -> str | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise BadRequest(f"{field}.{name}")
    return str(found)
