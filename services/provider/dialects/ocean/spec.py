"""`GET /spec`: the Ocean API as clients see it, whichever of our services answers. Built once."""

import json
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from libs.openapi import ocean
from libs.openapi.document import About, document
from libs.openapi.ocean_compute import COMPUTE_OPERATIONS
from libs.web.gate import public
from services.provider.dialects.ocean.operations import OPERATIONS
from services.provider.version import VERSION

DESCRIPTION = (
    "Ocean Provider's API: publishing, ordering and downloading. Parameters may come in the query, as JSON "
    "or as a form; the query wins. What is signed is the characters that are sent."
)


def specification(public_url: str) -> dict[str, Any]:
    about = About(title="Ocean Provider API", version=VERSION, description=DESCRIPTION, server=public_url)
    every = (*OPERATIONS, *ocean.TOKEN_OPERATIONS, *COMPUTE_OPERATIONS)
    return document(about, every, ocean.SCHEMAS)


def add(room: Blueprint, public_urls: Sequence[str]) -> None:
    specified = json.dumps(specification(public_urls[0] if public_urls else "/"))
    room.add_url_rule("/spec", "spec", public(lambda: Response(specified, mimetype="application/json")))
