"""GET / (also at the room's prefix), health and spec."""

import json

from flask import Blueprint, Flask, Response

from libs.web.gate import public
from services.catalogue.dialects.aquarius.spec import specification
from services.catalogue.version import VERSION


def add(room: Blueprint, public_url: str) -> None:
    specified = json.dumps(specification(public_url))
    room.add_url_rule("/", "root", _root)
    room.add_url_rule("/health", "health", _health)
    room.add_url_rule("/spec", "spec", public(lambda: Response(specified, mimetype="application/json")))


def add_root(app: Flask) -> None:
    """The same at the service's own root: ocean.py refuses a cache whose root is not 200."""
    app.add_url_rule("/", "aquarius_root", _root)
    app.add_url_rule("/api/aquarius", "aquarius_bare", _root)


_ROOT = json.dumps({"software": "Aquarius", "version": VERSION, "plugin": "tidegate"})


@public
def _root() -> Response:
    return Response(_ROOT, mimetype="application/json")


@public
def _health() -> Response:
    return Response("Catalogue connected", mimetype="text/html")
