"""POST /filecatalogue/bulk: one operation on many paths, each by itself (contract 3.6)."""

from collections.abc import Mapping

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.catalogue.dialects.dirac.asking import actor, sent_object
from services.catalogue.dialects.dirac.directories import WRITE
from services.catalogue.dialects.dirac.errors import answer
from services.catalogue.usecases.files.bulk import Bulk


def add(room: Blueprint, bulk: Bulk) -> None:
    @needs(WRITE)
    def run() -> Response:
        sent = sent_object()
        op = sent.get("op")
        if not isinstance(op, str):
            raise BadParams("op", "op is missing: what to do with the items.")
        successful, failed = bulk(actor(), op, _items(sent.get("items")))
        return answer({"Successful": successful, "Failed": failed})

    room.add_url_rule("/bulk", "bulk", run, methods=["POST"])


def _items(sent: object) -> Mapping[str, Mapping[str, object]]:
    """What goes with each path; a list of paths does where nothing goes with them. Raises BadParams."""
    if isinstance(sent, list) and all(isinstance(path, str) for path in sent):
        return {path: {} for path in sent}
    if not isinstance(sent, dict) or not all(isinstance(item, dict) for item in sent.values()):
        raise BadParams("items", "items must be an object: what goes with each path.")
    return sent
