"""What clients send to the compute routes, as the use cases want it (contract 2.5, 2.8, 2.11, 2.12).

Job and document ids are held to their grammar before any signature is looked at: signed texts have no
separators.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from libs.signing.keys import checksum
from libs.web.ocean_form import Form, auth_token, is_address, is_nonce, plain, read, text
from libs.web.ocean_shapes import FieldErrors
from libs.web.params import DEFAULT_LIMITS, BadParams, Params, parse_json, to_json
from services.compute.domain.ids import is_uid
from services.compute.ports.provider import AlgorithmUse, AssetUse, UseRefused
from services.compute.usecases.ocean_jobs import Wanted
from services.compute.usecases.wallet_requests import WalletRequest

_DOCUMENT = re.compile(r"did:op:[0-9a-fA-F]{64}")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
MAX_DATASETS: Final = 32
ONE_OF: Final = "Give either algorithm.documentId or algorithm.meta, not both."
NEITHER: Final = "The algorithm.documentId field is required when algorithm.meta is not present."


def compute_params() -> Params:
    """Of the current request; members that are objects may come as JSON texts (queries and forms)."""
    given = read(DEFAULT_LIMITS)
    values: dict[str, Any] = dict(given)
    for name in ("dataset", "algorithm", "compute", "datasets", "additionalDatasets", "additionalInputs"):
        values[name] = _parsed(values.get(name))
    if isinstance(values["algorithm"], dict):
        values["algorithm"] = {
            **values["algorithm"],
            "meta": _parsed(values["algorithm"].get("meta")),
        }
    if values["dataset"] is None and isinstance(values["datasets"], list) and values["datasets"]:
        values["dataset"] = values["datasets"][0]
    return Params(values)


def is_document(field: str, value: str) -> str | None:
    return None if _DOCUMENT.fullmatch(value) else f"The {field} format is invalid."


def is_job(field: str, value: str) -> str | None:
    return None if is_uid(value) else f"The {field} format is invalid."


def is_index(field: str, value: str) -> str | None:
    return None if _INDEX.fullmatch(value) else f"The {field} must be an integer."


def wallet_request(form: Form, *, needs_nonce: bool = True) -> WalletRequest:
    """With a token, or for stop and delete (contract 3.3 a), the nonce is optional."""
    token = auth_token()
    address = form.need("consumerAddress", is_address)
    signature = form.take("signature")
    optional = not needs_nonce or (token is not None and signature is None)
    nonce = form.take("nonce", is_nonce) if optional else form.need("nonce", is_nonce)
    form.done()
    return WalletRequest(address=address, nonce=nonce, signature=signature, auth_token=token)


def wanted(form: Form, *, document: bool = True) -> Wanted:
    """Which jobs a status, stop or delete is about."""
    job_id = form.take("jobId", is_job) or ""
    document_id = (form.take("documentId", is_document) or "") if document else ""
    agreement_id = form.take("agreementId") or ""
    address = form.need("consumerAddress", is_address)
    form.done()
    return Wanted(
        consumer=checksum(address), job_id=job_id, document_id=document_id, agreement_id=agreement_id
    )


def datasets(params: Params) -> Sequence[AssetUse]:
    """The main one first. Raises UseRefused when the additional ones are no list."""
    return (_asset(params.value("dataset"), "dataset"), *_additional(params))


def quoted_datasets(params: Params) -> Sequence[AssetUse]:
    """Of initializeCompute. Raises FieldErrors."""
    items = params.value("datasets")
    if not isinstance(items, list) or not items:
        raise FieldErrors({"datasets": ["The datasets field is required."]})
    return _assets(items)


def algorithm(params: Params) -> AlgorithmUse:
    """Raises FieldErrors when there is none, or when it is two."""
    given = params.value("algorithm")
    if not isinstance(given, dict):
        raise FieldErrors({"algorithm.documentId": [NEITHER]})
    meta = given.get("meta") or None
    document_id = _member(given, "documentId", "algorithm")
    if meta is not None and not isinstance(meta, dict):
        raise FieldErrors({"algorithm.meta": ["The algorithm.meta must be an object."]})
    if meta is not None and document_id:
        # One would be shown to the trust lists, and the other might run.
        raise FieldErrors({"algorithm": [ONE_OF]})
    custom = given.get("algocustomdata")
    return AlgorithmUse(
        document_id=document_id,
        service_id=_member(given, "serviceId", "algorithm"),
        transfer_tx_id=_member(given, "transferTxId", "algorithm"),
        userdata=plain(given.get("userdata")),
        meta=None if meta is None else plain(meta),
        custom_data=to_json(custom),
    )


def check_output(params: Params) -> None:
    """What clients send is not used; a text must at least be JSON. Raises UseRefused."""
    value = params.value("output")
    if isinstance(value, str) and value:
        try:
            parse_json(value, "output")
        except BadParams:
            raise UseRefused("output", "invalid") from None


def _additional(params: Params) -> Sequence[AssetUse]:
    for name in ("additionalDatasets", "additionalInputs"):
        items = params.value(name)
        if items in (None, ""):
            continue
        if not isinstance(items, list):
            raise UseRefused("additional_input", "invalid")
        if items:
            return _assets(items)
    items = params.value("datasets")
    if not isinstance(items, list) or not items:
        return ()
    main, *others = _assets(items)
    if main.document_id != params.text("dataset.documentId"):
        # Its order would be paid, and its data left out in silence.
        raise FieldErrors({"datasets": ["The datasets must start with the dataset."]})
    return others


def _assets(items: list[Any]) -> Sequence[AssetUse]:
    if len(items) >= MAX_DATASETS:
        raise FieldErrors({"datasets": [f"A job has at most {MAX_DATASETS} datasets."]})
    return tuple(_asset(item, f"datasets[{number}]") for number, item in enumerate(items))


def _asset(item: Any, field: str) -> AssetUse:
    if not isinstance(item, dict):
        raise FieldErrors({field: [f"The {field} must be an object."]})
    return AssetUse(
        document_id=_member(item, "documentId", field),
        service_id=_member(item, "serviceId", field),
        transfer_tx_id=_member(item, "transferTxId", field),
        userdata=plain(item.get("userdata")),
    )


def _member(item: Mapping[str, Any], name: str, field: str) -> str | None:
    """The literal text; empty counts as absent."""
    try:
        return text(Params(item), name)
    except FieldErrors as error:
        messages = {f"{field}.{wrong}": found for wrong, found in error.messages.items()}
        raise FieldErrors(messages) from error


def _parsed(value: Any) -> Any:
    """What a JSON text holds; anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return parse_json(value)
        except BadParams:
            return value
    return value
