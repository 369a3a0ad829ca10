"""The room's OpenAPI document, for people and tools. Built once."""

from typing import Any

from libs.openapi.document import About, document
from services.catalogue.dialects.aquarius.operations import OPERATIONS, SCHEMAS
from services.catalogue.version import VERSION

DESCRIPTION = "Aquarius' API: documents of published assets, search, validation, and the state of the index."


def specification(public_url: str) -> dict[str, Any]:
    about = About(title="Aquarius API", version=VERSION, description=DESCRIPTION, server=public_url)
    return document(about, OPERATIONS, SCHEMAS)
