"""Every API description that docs/openapi holds, by file name."""

import json
from typing import Any

from libs.openapi import edge, ocean
from libs.openapi.document import About, Operation, document
from scripts.stack.config import REPO
from services.auth.dialects.account.operations import OPERATIONS as AUTH_ACCOUNT
from services.auth.dialects.dcp.operations import OPERATIONS as AUTH_DCP
from services.auth.dialects.dirac.operations import OPERATIONS as AUTH_DIRAC
from services.auth.dialects.internal.operations import OPERATIONS as AUTH_INTERNAL
from services.auth.dialects.keys.operations import OPERATIONS as AUTH_KEYS
from services.auth.dialects.native.operations import OPERATIONS as AUTH_ADMIN
from services.auth.dialects.oauth.operations import OPERATIONS as AUTH_OAUTH
from services.auth.dialects.ocean.operations import OPERATIONS as AUTH_OCEAN
from services.auth.dialects.openpai.operations import OPERATIONS as AUTH_OPENPAI
from services.auth.dialects.pages.operations import OPERATIONS as AUTH_PAGES
from services.auth.dialects.prominence.operations import OPERATIONS as AUTH_PROMINENCE
from services.catalogue.dialects.aquarius import operations as aquarius
from services.catalogue.dialects.aquarius.spec import specification as aquarius_specification
from services.catalogue.dialects.dirac.operations import OPERATIONS as CATALOGUE_DIRAC
from services.catalogue.dialects.internal.operations import OPERATIONS as CATALOGUE_INTERNAL
from services.compute.dialects.dcp.operations import OPERATIONS as COMPUTE_DCP
from services.compute.dialects.dirac.operations import OPERATIONS as COMPUTE_DIRAC
from services.compute.dialects.internal.operations import OPERATIONS as COMPUTE_INTERNAL
from services.compute.dialects.native.operations import OPERATIONS as COMPUTE_NATIVE
from services.compute.dialects.ocean.operations import OPERATIONS as COMPUTE_OCEAN
from services.compute.dialects.openpai.operations import OPERATIONS as COMPUTE_OPENPAI
from services.compute.dialects.prominence.operations import OPERATIONS as COMPUTE_PROMINENCE
from services.compute.version import VERSION
from services.provider.dialects.internal.operations import OPERATIONS as PROVIDER_INTERNAL
from services.provider.dialects.ocean.operations import OPERATIONS as PROVIDER_OCEAN
from services.provider.dialects.ocean.spec import specification as ocean_specification

FOLDER = REPO / "docs" / "openapi"

# Every route of a service, the ones below /internal and for monitoring included.
SERVICES: dict[str, tuple[Operation, ...]] = {
    "auth": (
        *AUTH_OCEAN,
        *AUTH_OAUTH,
        *AUTH_DIRAC,
        *AUTH_PROMINENCE,
        *AUTH_OPENPAI,
        *AUTH_ADMIN,
        *AUTH_PAGES,
        *AUTH_DCP,
        *AUTH_KEYS,
        *AUTH_ACCOUNT,
        *AUTH_INTERNAL,
        edge.whoami("auth"),
        *edge.OPERATIONS,
    ),
    "provider": (*PROVIDER_OCEAN, *PROVIDER_INTERNAL, edge.whoami("provider"), *edge.OPERATIONS),
    "catalogue": (
        aquarius.OWN_ROOT,
        *aquarius.OPERATIONS,
        *CATALOGUE_DIRAC,
        *CATALOGUE_INTERNAL,
        edge.whoami("catalogue"),
        *edge.OPERATIONS,
    ),
    "compute": (
        *COMPUTE_OCEAN,
        *COMPUTE_PROMINENCE,
        *COMPUTE_OPENPAI,
        *COMPUTE_DIRAC,
        *COMPUTE_DCP,
        *COMPUTE_NATIVE,
        *COMPUTE_INTERNAL,
        edge.whoami("compute"),
        *edge.OPERATIONS,
    ),
}


def documents() -> dict[str, dict[str, Any]]:
    """`ocean` and `aquarius` as clients get them; the others are whole services, on their own ports."""
    served = {"ocean": ocean_specification("/"), "aquarius": aquarius_specification("/")}
    return served | {f"service-{name}": _whole(name) for name in SERVICES}


def text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _whole(name: str) -> dict[str, Any]:
    about = About(
        title=f"Tidegate: {name}",
        version=VERSION,
        description=f"Every route of the {name} service on its own port; x-access says who may call it.",
    )
    schemas = aquarius.SCHEMAS if name == "catalogue" else ocean.SCHEMAS
    return document(about, SERVICES[name], schemas)
