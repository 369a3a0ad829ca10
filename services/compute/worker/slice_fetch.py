"""Data of slices that lies somewhere on the web (DCP contract, 3.1): fetched by us, past the guard."""

import json
import logging
import time
from typing import Final

from services.compute.domain.slices import Piece, SliceResult
from services.compute.ports.outside import Outside, OutsideRefused, OutsideUnavailable
from services.compute.slicework.protocol import failure

log = logging.getLogger(__name__)
CODE: Final = "EFETCH"
MOST_BYTES: Final = 4 << 20
MOST_SECONDS: Final = 60.0
TRIES: Final = 3
PAUSE_SECONDS: Final = 0.5


def fetched(outside: Outside, piece: Piece) -> Piece | SliceResult:
    """The piece with what its URL gives as its data; or its end. Raises nothing."""
    for left in reversed(range(TRIES)):
        try:
            return Piece(piece.number, _data(outside, json.loads(piece.data)))
        except OutsideRefused as refused:
            return failure(piece.number, CODE, f"Its data cannot be fetched: {refused}.")
        except OutsideUnavailable as error:
            if not left:
                return failure(piece.number, CODE, f"Its data cannot be fetched: {error}.", TRIES)
            time.sleep(PAUSE_SECONDS)
        except Exception:  # the edge of a thread: the slice must come to some end
            log.exception("fetching a slice's data broke")
            break
    return failure(piece.number, CODE, "Its data cannot be fetched.")


def _data(outside: Outside, url: str) -> str:
    """As JSON text. Raises OutsideRefused, OutsideUnavailable."""
    media_type, body = outside.read(url, MOST_BYTES, MOST_SECONDS)
    if _is_json(media_type):
        try:
            return json.dumps(json.loads(body, parse_constant=_refuse))
        except (ValueError, RecursionError):
            raise OutsideRefused("it says that it is JSON, and is none") from None
    return json.dumps(body.decode("utf-8", "replace"))


def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json") or kind == "text/json"


def _refuse(_: str) -> float:
    raise ValueError
