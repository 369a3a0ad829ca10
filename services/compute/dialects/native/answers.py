"""Answers that are no refusals."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request

from libs.web.byte_answers import guards, tags
from libs.web.idempotency import REPLAYED
from libs.web.plain import Answer, json_answer


def answer(body: Any, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def receipt(view: Mapping[str, Any], *, replayed: bool) -> Response:
    """Of what was taken; `replayed`: by an earlier request with the same key."""
    response = answer(view, 201)
    response.headers["Location"] = view["url"]
    if replayed:
        response.headers[REPLAYED] = "true"
    return response


def unchanged_or(etag: str, known: str, body: Callable[[], bytes]) -> Answer:
    """JSON that a caller may keep and ask about again: 304 without a body while it is as they know it.

    `known` is their If-None-Match, as known_tags gives it.
    """
    headers = guards(etag)
    return Answer(304, headers) if etag in tags(known) else json_answer(body(), *headers)


def known_tags() -> str:
    return request.headers.get("If-None-Match", "")


def nothing() -> Response:
    response = Response(status=204)
    response.headers["Cache-Control"] = "no-store"
    return response
