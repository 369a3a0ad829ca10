"""GET assets/ddo/<did>, GET assets/metadata/<did>, POST assets/names, POST assets/triggerCaching."""

import json

from flask import Blueprint, Request, Response, request

from libs.web.gate import public
from libs.web.params import BadParams
from services.catalogue.dialects.aquarius.errors import NOT_A_DICT, answer, not_found_text
from services.catalogue.dialects.aquarius.reading import payload_of, whole
from services.catalogue.dialects.aquarius.revalidation import names_tag
from services.catalogue.domain.documents import UnreadableDocument
from services.catalogue.usecases.assets import AssetNotFound, Assets
from services.catalogue.usecases.registry import UseCases
from services.catalogue.usecases.trigger import BadTrigger, TriggerCaching


def add(room: Blueprint, usecases: UseCases) -> None:
    assets, trigger = usecases.assets, usecases.trigger
    room.add_url_rule("/assets/ddo/<did>", "ddo", public(lambda did: _ddo(assets, did)))
    room.add_url_rule("/assets/metadata/<did>", "metadata", public(lambda did: _metadata(assets, did)))
    room.add_url_rule("/assets/names", "names", public(lambda: _names(assets)), methods=["POST"])
    room.add_url_rule(
        "/assets/triggerCaching", "trigger", public(lambda: _trigger(trigger)), methods=["POST"]
    )


def _ddo(assets: Assets, did: str) -> Response:
    """A matching If-None-Match from a GET was answered before (see revalidation.py)."""
    asset = assets.find(did)
    asked = request.environ.get("HTTP_IF_NONE_MATCH")
    if asked and names_tag(asked, asset.etag):
        response = Response(status=304)
    else:
        response = Response(asset.body, mimetype="application/json")
    response.headers["ETag"] = f'"{asset.etag}"'
    response.headers["Cache-Control"] = "no-cache"
    return response


def _metadata(assets: Assets, did: str) -> Response:
    try:
        return answer(assets.metadata(did), 200)
    except AssetNotFound:
        return answer({"error": f"Error encountered while retrieving metadata: {not_found_text(did)}"}, 404)


def _names(assets: Assets) -> Response:
    payload = payload_of(request)
    if "didList" not in payload:
        return answer({"error": "`didList` is required in the request payload."}, 400)
    dids = payload["didList"]
    if not dids:
        return answer({"error": "The requested didList can not be empty."}, 400)
    if not isinstance(dids, list):
        return answer({"error": "The didList must be a list."}, 400)
    if not all(isinstance(did, str) for did in dids):
        return answer({"error": "The didList must hold texts."}, 400)
    names = assets.names(dids)
    return Response(json.dumps(names, ensure_ascii=False), mimetype="application/json")


def _trigger(trigger: TriggerCaching) -> Response:
    payload = _payload_or_refusal(request)
    tx_hash = payload.get("transactionId")
    try:
        chain_id = whole(payload.get("chain_id") or payload.get("chainId"), "chain_id")
    except BadParams:
        raise BadTrigger from None
    if not isinstance(tx_hash, str) or chain_id is None:
        raise BadTrigger
    trigger(tx_hash, chain_id, whole(payload.get("logIndex"), "logIndex"))
    return Response("Queued", mimetype="application/json")


def _payload_or_refusal(request: Request) -> dict[str, object]:
    try:
        return payload_of(request)
    except UnreadableDocument:
        raise BadParams("body", NOT_A_DICT) from None
