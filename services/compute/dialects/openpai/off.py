"""A gateway that runs no jobs has none to show, and says so to whoever brings one."""

from typing import Final

from flask import Blueprint, Response

from libs.web.gate import public
from services.compute.dialects.openpai.errors import refusal

METHODS: Final = ("GET", "POST", "PUT", "DELETE")
PATHS: Final = ("/api/job", "/openpai/api/v1/jobs", "/api/v1/user/<user>/jobs")
SENTENCE: Final = "no compute engine is configured here"


def add(room: Blueprint) -> None:
    @public
    def no_jobs(user: str = "", rest: str = "") -> Response:
        return refusal(503, "ServiceUnavailable", SENTENCE)

    for path in PATHS:
        for each in (path, f"{path}/<path:rest>"):
            room.add_url_rule(each, "no_jobs", no_jobs, methods=METHODS, strict_slashes=False)
