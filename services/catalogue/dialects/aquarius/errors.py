"""What each refusal looks like to a client of the metadata cache: one table.

Everything is `{"error": text}` but for two answers of `validate`, whose shapes clients read.
"""

import json
from collections.abc import Callable
from typing import Any

from flask import Response

from libs.sql.errors import DatabaseUnavailable
from libs.web.params import BadParams, TooLarge
from services.catalogue.domain.documents import UnreadableDocument
from services.catalogue.domain.errors import NoncesUnavailable, QueueFull
from services.catalogue.domain.query.errors import UnsupportedQuery
from services.catalogue.usecases.assets import AssetNotFound, TooManyNames
from services.catalogue.usecases.states import ChainNotIndexed, StateNotFound
from services.catalogue.usecases.trigger import BadTrigger
from services.catalogue.usecases.validate import DdoInvalid, NoVersion, PublisherNotProven

NOT_A_DICT = "Invalid payload. The request could not be converted into a dict."
LONGEST_ECHO = 256

Body = Callable[[Any], Any]


def not_found_text(did: str) -> str:
    """ocean.py looks for this very sentence."""
    return f"Asset DID {did[:LONGEST_ECHO]} not found in Elasticsearch."


def _text(text: str) -> Body:
    return lambda _: {"error": text}


# class -> (status, body). The nearest class in the error's own ancestry answers.
RESPONSES: dict[type[Exception], tuple[int, Body]] = {
    AssetNotFound: (404, lambda e: {"error": not_found_text(e.did)}),
    TooManyNames: (400, _text("The requested didList is too long.")),
    UnsupportedQuery: (400, lambda e: {"error": e.reason}),
    UnreadableDocument: (400, lambda e: {"error": NOT_A_DICT, "reason": e.reason}),
    NoVersion: (400, lambda _: [{"message": "no version provided for DDO."}]),
    DdoInvalid: (400, lambda e: {"errors": dict(e.problems)}),
    PublisherNotProven: (400, _text("Invalid signature provided.")),
    BadTrigger: (400, _text("Invalid transactionId or chain_id")),
    NoncesUnavailable: (503, _text("Nonces cannot be checked right now.")),
    QueueFull: (503, _text("Too many requests wait to be indexed.")),
    StateNotFound: (404, _text("No state is known for this DID, NFT or transaction.")),
    ChainNotIndexed: (404, lambda e: {"error": f"Chain {e.chain[:LONGEST_ECHO]} is not indexed."}),
    TooLarge: (413, lambda e: {"error": e.message}),
    BadParams: (400, lambda e: {"error": e.message}),
    DatabaseUnavailable: (503, _text("The index cannot be used right now.")),
}
RETRY_AFTER_SECONDS = "2"


def render(error: Exception) -> Response:
    status, body = next(RESPONSES[kind] for kind in type(error).__mro__ if kind in RESPONSES)
    return answer(body(error), status)


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """Routing mistakes, size limits and our own bugs."""
    return answer({"error": text}, status)


def answer(body: Any, status: int) -> Response:
    response = Response(json.dumps(body), status=status, mimetype="application/json")
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return response
