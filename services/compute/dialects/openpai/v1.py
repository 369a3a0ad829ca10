"""`/api/v1/user/<user>/jobs` and `/openpai/api/v1/jobs`: the next generation, in the namespace of a user and
in the one that all share.
"""

import json
from typing import Final

from flask import Blueprint, Response, request

from libs.web.any_body import read_any_body
from libs.web.gate import needs, public
from libs.web.plain import Answer, Asked, Way, add_way, json_answer
from services.compute.dialects.openpai import ending, lookup
from services.compute.dialects.openpai.addresses import base_of, plain_base
from services.compute.dialects.openpai.errors import NoPart, answer
from services.compute.dialects.openpai.facts import known_of
from services.compute.dialects.openpai.listing import Asked as AskedList
from services.compute.dialects.openpai.listing import listed
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.reading import READ, shown_status, who
from services.compute.dialects.openpai.showing import Showing
from services.compute.dialects.openpai.submitting import submit
from services.compute.dialects.openpai.views import v1_detail, v1_row
from services.compute.dialects.openpai.window import caller

SHARED: Final = "/openpai/api/v1/jobs"
OWN: Final = "/api/v1/user/<username>/jobs"
BASES: Final = {"shared": SHARED, "own": OWN}
WRITE: Final = "job:write"
OBSOLETE: Final = (
    "killAllOnCompletedTaskNumber has been obsoleted, "
    "please use minFailedTaskCount and minSucceededTaskCount of the task roles instead"
)
MAX_WORD: Final = 64 * 1024
_NAME: Final = "([A-Za-z0-9][A-Za-z0-9._~-]{0,254})"
_USER: Final = "/api/v1/user/([A-Za-z0-9_.-]{1,64})/jobs"


def add(room: Blueprint, parts: OpenPaiParts, showing: Showing) -> None:
    for kind, base in BASES.items():
        _add_lists(room, parts, showing, kind, base)
        _add_jobs(room, parts, showing, kind, base)
        _add_ending(room, parts, kind, base)
        _add_documents(room, parts, kind, base)
    _add_way(room, parts, showing)


def _add_lists(room: Blueprint, parts: OpenPaiParts, showing: Showing, kind: str, base: str) -> None:
    @room.get(base, strict_slashes=False, endpoint=f"{kind}_list")
    @public
    def list_jobs(username: str | None = None) -> Response:
        principal, refused = who(parts)
        if refused is not None:
            return refused
        return listed(parts, showing, AskedList(username), principal, base_of(parts), v1_row)

    @room.post(base, strict_slashes=False, endpoint=f"{kind}_post")
    @needs(WRITE)
    def post_job(username: str = "") -> Response:
        return _submitted(parts, username, None)


def _add_jobs(room: Blueprint, parts: OpenPaiParts, showing: Showing, kind: str, base: str) -> None:
    @room.get(f"{base}/<name>", strict_slashes=False, endpoint=f"{kind}_show")
    @public
    def show_job(name: str, username: str = "") -> Response:
        return shown_status(parts, showing, username, name, v1_detail)

    @room.put(f"{base}/<name>", strict_slashes=False, endpoint=f"{kind}_put")
    @needs(WRITE)
    def put_job(name: str, username: str = "") -> Response:
        return _submitted(parts, username, name)


def _add_ending(room: Blueprint, parts: OpenPaiParts, kind: str, base: str) -> None:
    @room.delete(f"{base}/<name>", strict_slashes=False, endpoint=f"{kind}_delete")
    @needs(WRITE)
    def delete_job(name: str, username: str = "") -> Response:
        ending.delete(parts, username, name, caller())
        return answer({"message": f"deleted job {name} successfully"}, 202)

    @room.put(f"{base}/<name>/executionType", strict_slashes=False, endpoint=f"{kind}_execute")
    @needs(WRITE)
    def execute_job(name: str, username: str = "") -> Response:
        ending.execute(parts, username, name, caller(), read_any_body(request, MAX_WORD))
        return answer({"message": f"execute job {name} successfully"}, 202)


def _add_documents(room: Blueprint, parts: OpenPaiParts, kind: str, base: str) -> None:
    @room.get(f"{base}/<name>/config", strict_slashes=False, endpoint=f"{kind}_config")
    @needs(READ)
    def show_config(name: str, username: str = "") -> Response:
        job = lookup.mine(parts, username, name, caller(), "see the config of")
        config = known_of(job).config
        if config is None:
            raise NoPart("config", name)
        if request.args.get("format") == "string":  # as upstream's portal, which parses twice, has it
            return answer(json.dumps(config, indent=2, ensure_ascii=False))
        return answer(config)

    @room.get(f"{base}/<name>/ssh", strict_slashes=False, endpoint=f"{kind}_ssh")
    @needs(READ)
    def show_ssh(name: str, username: str = "") -> Response:
        """Tasks have no sshd."""
        lookup.mine(parts, username, name, caller(), "see the ssh info of")
        raise NoPart("ssh", name)


def _add_way(room: Blueprint, parts: OpenPaiParts, showing: Showing) -> None:
    """Who waits for a job asks for nothing else."""

    def plain_detail(asked: Asked) -> Answer | None:
        if not parts.is_open or "HTTP_AUTHORIZATION" in asked.environ:
            return None
        username, name = asked.arguments
        body = showing.status(username, name, plain_base(parts, asked.environ), v1_detail)
        return json_answer(body, ("Cache-Control", "no-store"))

    add_way(room, Way("own_show", "GET", f"{_USER}/{_NAME}", plain_detail))


def _submitted(parts: OpenPaiParts, username: str, name: str | None) -> Response:
    config = submit(parts, caller(), username, name, is_v1=True)
    response = answer({"message": f"update job {config.name} successfully"}, 202)
    if config.names_kill_all:
        response.headers["X-Warning"] = OBSOLETE
    return response
