"""`/api/job`: the seed's generation."""

from typing import Final

from flask import Blueprint, Response

from libs.web.gate import needs, public
from libs.web.plain import Answer, Asked, Way, add_way, json_answer
from services.compute.dialects.openpai import ending
from services.compute.dialects.openpai.addresses import base_of, plain_base
from services.compute.dialects.openpai.errors import answer
from services.compute.dialects.openpai.listing import Asked as AskedList
from services.compute.dialects.openpai.listing import listed
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.reading import shown_status, who
from services.compute.dialects.openpai.showing import Showing
from services.compute.dialects.openpai.submitting import submit
from services.compute.dialects.openpai.views import legacy_row, legacy_status
from services.compute.dialects.openpai.window import caller

BASE: Final = "/api/job"
WRITE: Final = "job:write"
NAME: Final = "([A-Za-z0-9][A-Za-z0-9._~-]{0,254})"


def add(room: Blueprint, parts: OpenPaiParts, showing: Showing) -> None:
    _add_reading(room, parts, showing)

    @room.put(f"{BASE}/<name>", strict_slashes=False)
    @needs(WRITE)
    def submit_job(name: str) -> Response:
        config = submit(parts, caller(), "", name, is_v1=False)
        return answer({"message": f"update job {config.name} successfully"})

    @room.delete(f"{BASE}/<name>", strict_slashes=False)
    @needs(WRITE)
    def delete_job(name: str) -> Response:
        ending.delete(parts, "", name, caller())
        return answer({"message": f"deleted job {name} successfully"})


def _add_reading(room: Blueprint, parts: OpenPaiParts, showing: Showing) -> None:
    @room.get(BASE, strict_slashes=False)
    @public
    def list_jobs() -> Response:
        principal, refused = who(parts)
        if refused is not None:
            return refused
        return listed(parts, showing, AskedList(), principal, base_of(parts), legacy_row)

    @room.get(f"{BASE}/<name>", strict_slashes=False)
    @public
    def show_job(name: str) -> Response:
        return shown_status(parts, showing, "", name, legacy_status)

    def plain_status(asked: Asked) -> Answer | None:
        if not parts.is_open or "HTTP_AUTHORIZATION" in asked.environ:
            return None
        base = plain_base(parts, asked.environ)
        body = showing.status("", asked.arguments[0], base, legacy_status)
        return json_answer(body, ("Cache-Control", "no-store"))

    add_way(room, Way("show_job", "GET", f"{BASE}/{NAME}", plain_status))
